// Runs many tasks in one Node: JSON lines in, one JSON array out. See `javascript.py`.

import { readFileSync } from "node:fs";

const verifier = await import(process.argv[2]);
const { fromHex, toHex } = verifier;

const OPERATIONS = {
  sha256: ({ data }) => toHex(verifier.sha256(fromHex(data))),
  sha512: ({ data }) => toHex(verifier.sha512(fromHex(data))),
  ed25519: ({ key, message, signature }) =>
    verifier.verifyEd25519(fromHex(key), fromHex(message), fromHex(signature)),
  public_key: ({ key }) => verifier.isPublicKey(fromHex(key)),
  canonical: ({ data }) => verifier.canonical(verifier.readJson(verifier.decodeText(fromHex(data)))),
  inclusion: ({ index, size, leaf, proof, root }) =>
    verifier.verifyInclusion(BigInt(index), BigInt(size), fromHex(leaf), proof.map(fromHex), fromHex(root)),
  consistency: ({ old, size, old_root, root, proof }) =>
    verifier.verifyConsistency(BigInt(old), BigInt(size), fromHex(old_root), fromHex(root), proof.map(fromHex)),
  multiproof: ({ size, leaves, proof }) => {
    const nodes = leaves.map(([index, hash]) => [BigInt(index), fromHex(hash)]);
    const root = verifier.rootFromMultiproof(BigInt(size), nodes, proof.map(fromHex));
    return root && toHex(root);
  },
  key: ({ text }) => toHex(verifier.readKey(text).publicKey),
  note: ({ text, key }) => {
    const { verdict, time } = verifier.verdictOf(verifier.readNote(text), verifier.readKey(key));
    return time === undefined ? verdict : `${verdict} at ${time}`;
  },
  checkpoint: ({ text }) => {
    const { origin, size, root, extensions } = verifier.readCheckpoint(text);
    return [origin, size.toString(), toHex(root), extensions];
  },
  receipt: ({ data, keys, witnesses, now }) => {
    const bytes = fromHex(data);
    const [logs, others] = [keys.map(verifier.readKey), witnesses.map(verifier.readKey)];
    const verdict = verifier.checkReceipt(bytes, logs, others, now);
    return [verifier.canonical(verdict), verifier.verdictLines(verdict)];
  },
};

const answers = readFileSync(0, "utf8").split("\n").filter(Boolean).map((line) => {
  const task = JSON.parse(line);
  try {
    return { value: OPERATIONS[task.op](task) };
  } catch (refused) {
    if (!(refused instanceof verifier.Refused)) throw refused;
    const { code, place, message, hint } = refused;
    return { code, place, message, hint };
  }
});
process.stdout.write(JSON.stringify(answers));
