// Checks Interlock receipts: offline, with public keys only, without Interlock.
//
//     node interlock-verify.mjs RECEIPT --key VKEY-OR-FILE [--witness VKEY-OR-FILE]... [--json]
//
// One file without dependencies, for Node 18 or newer and for browsers. It is written from the
// documents (docs/reference/receipts.md, docs/reference/leaves.md, RFC 8785, RFC 9162, RFC 8032,
// C2SP signed-note, tlog-checkpoint and tlog-cosignature), not from the Python that it checks.
// SHA-2 and Ed25519 are here, too: browsers differ in what they have and in what they accept.

// --- refusals -----------------------------------------------------------------------------------

/** What does not hold: a stable code, the place in the file, the cause, and what to do about it. */
export class Refused extends Error {
  constructor(code, place, message, hint = hintFor(code)) {
    super(message);
    this.code = code;
    this.place = place;
    this.hint = hint;
  }
}

const ANY_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const STEPS_SHOWN_MAX = 12;

/** Write a place inside the file: `$.leaves[3].leaf["x-y"]`; the middle of a long one is left out. */
export function placeText(path) {
  const step = (part) => {
    if (typeof part === "number") return `[${part}]`;
    return ANY_NAME.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`;
  };
  const written = (part) => part.map(step).join("");
  if (path.length <= STEPS_SHOWN_MAX) return `$${written(path)}`;
  const half = STEPS_SHOWN_MAX / 2;
  return `$${written(path.slice(0, half))} ... ${written(path.slice(-half))}`;
}

const CHANGED = "the file was changed or damaged: ask for it again, by another route, and keep both";
const OTHERWISE = {
  IL8505: "a public key is one line, NAME+ID+KEY, as `interlock audit init` prints it",
  IL8507: "compare the name and the id of the key with those in the checkpoint",
  IL8509: "ask for the key of that log, or for the right receipt",
  IL8547: "ask for a receipt against a checkpoint that this witness has cosigned",
  IL8549:
    "compare the clock of this machine with another one; if it is right, theirs is wrong, and this" +
    " proves nothing",
};

/** Say what to do about a refusal. */
export const hintFor = (code) => OTHERWISE[code] ?? CHANGED;

// --- JSON: strict, and exact for 64-bit integers ---------------------------------------------------

const DEPTH_MAX = 200;
const FILE_BYTES_MAX = 64 * 1024 * 1024;
const INT64_MIN = -(1n << 63n);
const INT64_MAX = (1n << 63n) - 1n;
const INT_DIGITS_MAX = 20;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
const LONE_SURROGATE = /\p{Surrogate}/u;
const WORDS = { t: ["true", true], f: ["false", false], n: ["null", null] };

/** Decode bytes that have to be UTF-8. */
export function decodeText(bytes) {
  if (bytes.length > FILE_BYTES_MAX) {
    throw new Refused("IL8541", "$", `the file has ${bytes.length} bytes, at most ${FILE_BYTES_MAX}`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Refused("IL8540", "$", "the file is not UTF-8");
  }
}

/**
 * Read JSON. Objects become Maps, integers BigInts, other numbers doubles.
 *
 * Refuses duplicate keys, integers beyond 64 bits, numbers beyond doubles, halves of characters.
 */
export function readJson(text) {
  const reader = new JsonReader(text);
  const value = reader.value(0);
  reader.space();
  if (reader.at < text.length) throw reader.refusal("there is something after the end");
  return value;
}

class JsonReader {
  constructor(text) {
    this.text = text;
    this.at = 0;
    this.path = [];
  }

  refusal(message, code = "IL8540") {
    const lines = this.text.slice(0, this.at).split("\n");
    const spot = `line ${lines.length}, column ${lines[lines.length - 1].length + 1}`;
    return new Refused(code, placeText(this.path), `${message} (${spot})`);
  }

  space() {
    while (" \t\n\r".includes(this.text[this.at] ?? "x")) this.at += 1;
  }

  expect(letter) {
    this.space();
    if (this.text[this.at] !== letter) throw this.refusal(`expected \`${letter}\``);
    this.at += 1;
  }

  value(depth) {
    this.space();
    const start = this.text[this.at] ?? "";
    if (start === "{" || start === "[") {
      if (depth >= DEPTH_MAX) throw this.refusal(`nested deeper than ${DEPTH_MAX}`, "IL8541");
      return start === "{" ? this.object(depth + 1) : this.array(depth + 1);
    }
    if (start === '"') return this.string();
    if (start in WORDS) return this.word(...WORDS[start]);
    return this.number();
  }

  object(depth) {
    const found = new Map();
    this.at += 1;
    this.space();
    if (this.text[this.at] === "}") {
      this.at += 1;
      return found;
    }
    for (;;) {
      this.space();
      if (this.text[this.at] !== '"') throw this.refusal("expected a key");
      const key = this.string();
      this.path.push(key);
      if (found.has(key)) throw this.refusal("the key stands twice");
      this.expect(":");
      found.set(key, this.value(depth));
      this.path.pop();
      this.space();
      if (this.text[this.at] !== ",") break;
      this.at += 1;
    }
    this.expect("}");
    return found;
  }

  array(depth) {
    const found = [];
    this.at += 1;
    this.space();
    if (this.text[this.at] === "]") {
      this.at += 1;
      return found;
    }
    for (;;) {
      this.path.push(found.length);
      found.push(this.value(depth));
      this.path.pop();
      this.space();
      if (this.text[this.at] !== ",") break;
      this.at += 1;
    }
    this.expect("]");
    return found;
  }

  string() {
    let end = this.at + 1;
    for (; end < this.text.length && this.text[end] !== '"'; end += 1) {
      if (this.text[end] === "\\") end += 1;
    }
    const token = this.text.slice(this.at, end + 1);
    let found;
    try {
      found = JSON.parse(token);
    } catch {
      throw this.refusal("a broken string");
    }
    if (LONE_SURROGATE.test(found)) throw this.refusal("a string with half of a character");
    this.at = end + 1;
    return found;
  }

  word(text, value) {
    if (!this.text.startsWith(text, this.at)) throw this.refusal("not JSON");
    this.at += text.length;
    return value;
  }

  number() {
    NUMBER.lastIndex = this.at;
    const match = NUMBER.exec(this.text);
    if (match === null) throw this.refusal("not JSON");
    const [token, fraction, exponent] = match;
    let found;
    if (fraction === undefined && exponent === undefined) {
      found = token.length > INT_DIGITS_MAX ? INT64_MAX + 1n : BigInt(token);
      if (found < INT64_MIN || found > INT64_MAX) {
        throw this.refusal("an integer that does not fit in 64 bits");
      }
    } else {
      found = Number(token);
      if (!Number.isFinite(found)) throw this.refusal("a number beyond doubles");
    }
    this.at += token.length;
    return found;
  }
}

/** Write the canonical text of a value: RFC 8785, with exact digits for integers. */
export function canonical(value) {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Map) {
    // Strings compare by UTF-16 code units here, which is the order of RFC 8785.
    const keys = [...value.keys()].sort((a, b) => (a < b ? -1 : 1));
    return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value.get(key))}`).join(",")}}`;
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  return JSON.stringify(value);
}

// --- bytes --------------------------------------------------------------------------------------

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const HEX = /^(?:[0-9a-f]{2})*$/;

export const utf8 = (text) => new TextEncoder().encode(text);
export const toHex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
const letters = (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
export const toBase64 = (bytes) => btoa(letters(bytes));
const sameBytes = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

export function join(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Read lower-case hexadecimal digits; null when the text is something else. */
export function fromHex(text) {
  if (!HEX.test(text)) return null;
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Read base64 as it is written, with padding and without spare bits; null for anything else. */
export function fromBase64(text) {
  if (!BASE64.test(text)) return null;
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return toBase64(bytes) === text ? bytes : null;
}

// --- SHA-256 and SHA-512 (FIPS 180-4) --------------------------------------------------------------

// The constants of both are the first bits of the roots of the first primes.
const MASK64 = (1n << 64n) - 1n;

function floorRoot(number, degree) {
  let low = 0n;
  let high = 1n << (BigInt(number.toString(2).length) / degree + 1n);
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** degree <= number) low = middle;
    else high = middle;
  }
  return low;
}

function firstPrimes(count) {
  const found = [];
  for (let n = 2; found.length < count; n += 1) {
    if (found.every((prime) => n % prime)) found.push(n);
  }
  return found;
}

const PRIMES = firstPrimes(80);
const K512 = PRIMES.map((prime) => floorRoot(BigInt(prime) << 192n, 3n) & MASK64);
const H512 = PRIMES.slice(0, 8).map((prime) => floorRoot(BigInt(prime) << 128n, 2n) & MASK64);
const K256 = Uint32Array.from(K512.slice(0, 64), (k) => Number(k >> 32n));
const H256 = Uint32Array.from(H512, (h) => Number(h >> 32n));

function padded(bytes, block) {
  const length = Math.ceil((bytes.length + 1 + block / 8) / block) * block;
  const whole = new Uint8Array(length);
  whole.set(bytes);
  whole[bytes.length] = 0x80;
  new DataView(whole.buffer).setBigUint64(length - 8, BigInt(bytes.length) * 8n);
  return whole;
}

export function sha256(bytes) {
  const whole = padded(bytes, 64);
  const view = new DataView(whole.buffer);
  const state = H256.slice();
  const w = new Uint32Array(64);
  for (let start = 0; start < whole.length; start += 64) {
    for (let i = 0; i < 16; i += 1) w[i] = view.getUint32(start + 4 * i);
    mix256(state, w);
  }
  const out = new DataView(new ArrayBuffer(32));
  state.forEach((word, i) => out.setUint32(4 * i, word));
  return new Uint8Array(out.buffer);
}

/** HMAC-SHA256 of RFC 2104, with a key of at most 64 bytes. */
export function hmac(key, bytes) {
  const [inner, outer] = [0x36, 0x5c].map((pad) => {
    const block = new Uint8Array(64).fill(pad);
    key.forEach((byte, i) => (block[i] ^= byte));
    return block;
  });
  return sha256(join(outer, sha256(join(inner, bytes))));
}

const turn32 = (x, by) => (x >>> by) | (x << (32 - by));

function mix256(state, w) {
  for (let i = 16; i < 64; i += 1) {
    const [x, y] = [w[i - 15], w[i - 2]];
    const s0 = turn32(x, 7) ^ turn32(x, 18) ^ (x >>> 3);
    const s1 = turn32(y, 17) ^ turn32(y, 19) ^ (y >>> 10);
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i += 1) {
    const s1 = turn32(e, 6) ^ turn32(e, 11) ^ turn32(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K256[i] + w[i]) | 0;
    const s0 = turn32(a, 2) ^ turn32(a, 13) ^ turn32(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => (state[i] += word));
}

export function sha512(bytes) {
  const whole = padded(bytes, 128);
  const view = new DataView(whole.buffer);
  const state = H512.slice();
  for (let start = 0; start < whole.length; start += 128) {
    const w = [];
    for (let i = 0; i < 16; i += 1) w.push(view.getBigUint64(start + 8 * i));
    mix512(state, w);
  }
  const out = new DataView(new ArrayBuffer(64));
  state.forEach((word, i) => out.setBigUint64(8 * i, word));
  return new Uint8Array(out.buffer);
}

const turn64 = (x, by) => ((x >> by) | (x << (64n - by))) & MASK64;

function mix512(state, w) {
  for (let i = 16; i < 80; i += 1) {
    const [x, y] = [w[i - 15], w[i - 2]];
    const s0 = turn64(x, 1n) ^ turn64(x, 8n) ^ (x >> 7n);
    const s1 = turn64(y, 19n) ^ turn64(y, 61n) ^ (y >> 6n);
    w.push((w[i - 16] + s0 + w[i - 7] + s1) & MASK64);
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 80; i += 1) {
    const s1 = turn64(e, 14n) ^ turn64(e, 18n) ^ turn64(e, 41n);
    const t1 = h + s1 + ((e & f) ^ (~e & MASK64 & g)) + K512[i] + w[i];
    const s0 = turn64(a, 28n) ^ turn64(a, 34n) ^ turn64(a, 39n);
    const t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) & MASK64, c, b, a, (t1 + t2) & MASK64];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => (state[i] = (state[i] + word) & MASK64));
}

// --- Ed25519 (RFC 8032, strict: one encoding of everything) ---------------------------------------

const P = (1n << 255n) - 19n;
const L = (1n << 252n) + 27742317777372353535851937790883648493n;
const mod = (x, by = P) => ((x % by) + by) % by;

function power(base, exponent) {
  let [result, square] = [1n, mod(base)];
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

const inverse = (x) => power(x, P - 2n);
const D = mod(-121665n * inverse(121666n));
const ROOT_OF_MINUS_ONE = power(2n, (P - 1n) / 4n);
const ZERO = [0n, 1n, 1n, 0n]; // extended coordinates: X, Y, Z, T = XY/Z
const littleEndian = (bytes) => BigInt(`0x${toHex(Uint8Array.from(bytes).reverse()) || "0"}`);

function addPoints([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = (y1 - x1) * (y2 - x2);
  const b = (y1 + x1) * (y2 + x2);
  const c = mod(2n * t1 * t2 * D);
  const d = 2n * z1 * z2;
  const [e, f, g, h] = [mod(b - a), mod(d - c), mod(d + c), mod(b + a)];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

/** Add `a` times one point and `b` times another, doubling for both at once. */
function multiplyBoth(one, a, other, b) {
  const both = addPoints(one, other);
  let result = ZERO;
  for (let bit = 255n; bit >= 0n; bit -= 1n) {
    result = addPoints(result, result);
    const [first, second] = [(a >> bit) & 1n, (b >> bit) & 1n];
    if (first && second) result = addPoints(result, both);
    else if (first) result = addPoints(result, one);
    else if (second) result = addPoints(result, other);
  }
  return result;
}

/** Find the point of 32 bytes; null when they are not the one encoding of a point. */
function decodePoint(bytes) {
  const whole = littleEndian(bytes);
  const y = whole & ((1n << 255n) - 1n);
  const sign = whole >> 255n;
  if (y >= P) return null;
  const u = mod(y * y - 1n);
  const v = mod(D * y * y + 1n);
  let x = mod(u * power(v, 3n) * power(u * power(v, 7n), (P - 5n) / 8n));
  if (mod(v * x * x) !== u) x = mod(x * ROOT_OF_MINUS_ONE);
  if (mod(v * x * x) !== u || (x === 0n && sign === 1n)) return null;
  if ((x & 1n) !== sign) x = P - x;
  return [x, y, 1n, mod(x * y)];
}

function encodePoint([x, y, z]) {
  const shrink = inverse(z);
  const whole = mod(y * shrink) | ((mod(x * shrink) & 1n) << 255n);
  return fromHex(whole.toString(16).padStart(64, "0")).reverse();
}

const BASE_POINT = decodePoint(fromHex("58" + "66".repeat(31)));

/** Tell whether 32 bytes are a public key that is safe to trust: a point, and none of small order. */
export function isPublicKey(bytes) {
  const point = bytes.length === 32 ? decodePoint(bytes) : null;
  if (point === null) return false;
  const [x, y, z] = [1, 2, 3].reduce((sum) => addPoints(sum, sum), point);
  return !(x === 0n && y === z);
}

export function verifyEd25519(publicKey, message, signature) {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const key = decodePoint(publicKey);
  const [r, s] = [signature.slice(0, 32), littleEndian(signature.slice(32))];
  if (key === null || s >= L) return false;
  const h = littleEndian(sha512(join(r, publicKey, message))) % L;
  const minusKey = [mod(-key[0]), key[1], 1n, mod(-key[3])];
  return sameBytes(encodePoint(multiplyBoth(BASE_POINT, s, minusKey, h)), r);
}

// --- Merkle trees (RFC 9162, section 2.1) ---------------------------------------------------------

export const leafHash = (bytes) => sha256(join(Uint8Array.of(0), bytes));
export const nodeHash = (left, right) => sha256(join(Uint8Array.of(1), left, right));

/** Compute the root that an inclusion proof leads to; null when it cannot be one for these sizes. */
export function rootFromInclusion(index, size, leaf, proof) {
  if (index < 0n || index >= size || leaf.length !== 32) return null;
  let [here, last, node] = [index, size - 1n, leaf];
  for (const sibling of proof) {
    if (last === 0n || sibling.length !== 32) return null;
    if (here & 1n || here === last) {
      node = nodeHash(sibling, node);
      while (here !== 0n && !(here & 1n)) [here, last] = [here >> 1n, last >> 1n];
    } else {
      node = nodeHash(node, sibling);
    }
    [here, last] = [here >> 1n, last >> 1n];
  }
  return last === 0n ? node : null;
}

export function verifyInclusion(index, size, leaf, proof, root) {
  const found = rootFromInclusion(index, size, leaf, proof);
  return found !== null && sameBytes(found, root);
}

/** Check that the tree of `newSize` leaves only adds leaves to that of `oldSize`, at least one. */
export function verifyConsistency(oldSize, newSize, oldRoot, newRoot, proof) {
  if (oldSize < 1n || oldSize > newSize || proof.some((hash) => hash.length !== 32)) return false;
  if (oldSize === newSize) return proof.length === 0 && sameBytes(oldRoot, newRoot);
  const isPerfect = (oldSize & (oldSize - 1n)) === 0n;
  const path = isPerfect ? [oldRoot, ...proof] : [...proof];
  if (proof.length === 0) return false;
  let [here, last] = [oldSize - 1n, newSize - 1n];
  while (here & 1n) [here, last] = [here >> 1n, last >> 1n];
  let [older, newer] = [path[0], path[0]];
  for (const sibling of path.slice(1)) {
    if (last === 0n) return false;
    if (here & 1n || here === last) {
      older = nodeHash(sibling, older);
      newer = nodeHash(sibling, newer);
      while (here !== 0n && !(here & 1n)) [here, last] = [here >> 1n, last >> 1n];
    } else {
      newer = nodeHash(newer, sibling);
    }
    [here, last] = [here >> 1n, last >> 1n];
  }
  return last === 0n && sameBytes(older, oldRoot) && sameBytes(newer, newRoot);
}

/**
 * Compute the root over some leaves and the hashes that stand for all the others.
 *
 * `leaves` are `[index, hash]` in ascending order. The tree is walked from left to right; wherever
 * a subtree has none of the leaves, the next hash of the proof is its root. Null when the hashes
 * are too few or too many, or an index is not in the tree.
 */
export function rootFromMultiproof(size, leaves, proof) {
  let [nextLeaf, nextHash] = [0, 0];
  const walk = (low, high) => {
    if (nextLeaf >= leaves.length || leaves[nextLeaf][0] >= high) return proof[nextHash++] ?? null;
    if (high - low === 1n) return leaves[nextLeaf++][1];
    let half = 1n;
    while (half * 2n < high - low) half *= 2n;
    const left = walk(low, low + half);
    const right = left && walk(low + half, high);
    return right && nodeHash(left, right);
  };
  if (size < 1n || leaves.length === 0) return null;
  const root = walk(0n, size);
  return nextLeaf === leaves.length && nextHash === proof.length ? root : null;
}

// --- signed notes, checkpoints, cosignatures (C2SP) -----------------------------------------------

const NOTE_BYTES_MAX = 256 * 1024;
const SIGNATURES_MAX = 64;
const NAME_CHARS_MAX = 255;
const CONTROL = /[\x00-\x09\x0b-\x1f]/;
const NOT_IN_NAMES = /[\p{White_Space}+]/u;
const SIGNATURE_START = "\u2014 ";
const SHORT_CHARS = 40;
const DECIMAL = /^(?:0|[1-9][0-9]{0,18})$/;
const EMPTY_ROOT = sha256(new Uint8Array());
const LOG_KEY = 1;
const WITNESS_KEY = 4;

function isKeyName(name) {
  if (name === "" || [...name].length > NAME_CHARS_MAX) return false;
  return !NOT_IN_NAMES.test(name) && !CONTROL.test(name);
}

/** Show the beginning of a name that may be anything. */
function short(text) {
  const first = [...text].slice(0, SHORT_CHARS);
  return first.map((letter) => (letter >= " " && letter <= "~" ? letter : "?")).join("");
}

function keyId(name, kind, publicKey) {
  return sha256(join(utf8(`${name}\n`), Uint8Array.of(kind), publicKey)).slice(0, 4);
}

/** Read a verifier key, `NAME+ID+KEY`: Ed25519 of a log (type 1) or of a witness (type 4). */
export function readKey(text) {
  const refuse = (message) => new Refused("IL8505", "", message);
  const [, name, id, encoded] = /^([^+]*)\+([^+]*)\+(.*)$/su.exec(text) ?? [];
  const bytes = fromBase64(encoded ?? "");
  if (!bytes?.length) throw refuse("a public key is not of the form `NAME+ID+KEY`");
  const [kind, publicKey] = [bytes[0], bytes.slice(1)];
  const key = `the key \`${short(name)}\``;
  if (![LOG_KEY, WITNESS_KEY].includes(kind)) {
    throw refuse(`${key} is of the unknown type 0x${toHex(bytes.slice(0, 1))}`);
  }
  if (!isKeyName(name)) throw refuse(`\`${short(name)}\` cannot be the name of a key`);
  if (publicKey.length !== 32) {
    throw refuse(`a public key has ${publicKey.length} bytes instead of 32`);
  }
  if (toHex(keyId(name, kind, publicKey)) !== id) {
    throw refuse(`${key} does not have the id that stands beside it`);
  }
  return { name, id, kind, publicKey };
}

/** Split a note into its text and its signatures; nothing is verified yet. */
export function readNote(text) {
  const refuse = (why) => {
    return new Refused("IL8504", "$.checkpoint", `this is no signed note: ${why}`);
  };
  const length = utf8(text).length;
  if (length > NOTE_BYTES_MAX) {
    throw refuse(`it has ${length} bytes; at most ${NOTE_BYTES_MAX} are read`);
  }
  if (CONTROL.test(text) || LONE_SURROGATE.test(text)) throw refuse("there is a control character");
  const split = text.lastIndexOf("\n\n");
  if (split < 0) throw refuse("there is no empty line between text and signatures");
  const lines = text.slice(split + 2).split("\n");
  if (lines.length < 2 || lines.pop() !== "") {
    throw refuse("the last line has no end, or there is no signature");
  }
  if (lines.length > SIGNATURES_MAX) {
    throw refuse(`there are ${lines.length} signatures; at most ${SIGNATURES_MAX} are read`);
  }
  const first = text.slice(0, split).split("\n").length + 2;
  const signatures = lines.map((line, i) => {
    const refuseLine = (why) => refuse(`line ${first + i} is no signature: ${why}`);
    if (!line.startsWith(SIGNATURE_START)) throw refuseLine("it does not start with an em dash");
    const space = line.lastIndexOf(" ");
    const name = line.slice(SIGNATURE_START.length, space);
    const bytes = fromBase64(line.slice(space + 1));
    if (space < SIGNATURE_START.length || bytes === null || bytes.length < 5) {
      throw refuseLine("an em dash, a name, and base64");
    }
    if (!isKeyName(name)) throw refuseLine("no key has such a name");
    return { name, id: toHex(bytes.slice(0, 4)), bytes: bytes.slice(4) };
  });
  return { text: text.slice(0, split + 1), signatures };
}

/** Read the text of a checkpoint: origin, size, root, and lines of extensions. */
export function readCheckpoint(text) {
  const refuse = (why) => {
    return new Refused("IL8508", "$.checkpoint", `this is no checkpoint: ${why}`);
  };
  const lines = text.split("\n").slice(0, -1);
  if (lines.length < 3 || lines.includes("")) {
    throw refuse("it has at least three lines, and no empty one");
  }
  const [origin, size, encoded, ...rest] = lines;
  if ([...origin].length > NAME_CHARS_MAX) {
    throw refuse(`the origin has more than ${NAME_CHARS_MAX} characters`);
  }
  if (!DECIMAL.test(size) || BigInt(size) > INT64_MAX) {
    throw refuse("the second line is not the size of a tree");
  }
  const root = fromBase64(encoded);
  if (root === null || root.length !== 32) {
    throw refuse("the third line is not a SHA-256 in base64");
  }
  if (size === "0" && !sameBytes(root, EMPTY_ROOT)) {
    throw refuse("the third line is not the root of an empty tree");
  }
  return { origin, size: BigInt(size), root, extensions: rest, text };
}

/** Tell whether a signature of a note is one of this key and holds: undefined when it is of others. */
function holds(note, key, signature) {
  if (signature.name !== key.name || signature.id !== key.id) return undefined;
  if (key.kind === LOG_KEY) return verifyEd25519(key.publicKey, utf8(note.text), signature.bytes);
  return cosignedAt(note, key, signature) !== null;
}

/** Verify a cosignature: the witness saw this checkpoint at this time, in seconds since 1970. */
function cosignedAt(note, key, { bytes }) {
  if (bytes.length !== 72) return null;
  const time = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
  if (time > INT64_MAX) return null;
  const message = utf8(`cosignature/v1\ntime ${time}\n${note.text}`);
  return verifyEd25519(key.publicKey, message, bytes.slice(8)) ? time : null;
}

/** Tell what a key says of a note: "absent", "wrong", or "good" with the time of a cosignature. */
export function verdictOf(note, key) {
  const own = note.signatures.filter((one) => one.name === key.name && one.id === key.id);
  if (own.length === 0) return { verdict: "absent" };
  if (!own.every((signature) => holds(note, key, signature))) return { verdict: "wrong" };
  if (key.kind === LOG_KEY) return { verdict: "good" };
  return { verdict: "good", time: cosignedAt(note, key, own[0]) };
}

// --- the shape of a receipt -----------------------------------------------------------------------

const misshapen = (message, place) => new Refused("IL8542", placeText(place), message);
const HASH_TEXT = /^[0-9a-f]{64}$/;
const NODE_TEXT = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;
const LIST_MAX = 1_000_000;
const PROOF_MAX = 100_000_000;

const anything = () => {};

const isFlag = (value, place) => {
  if (typeof value !== "boolean") throw misshapen("this has to be true or false", place);
};

const isText = (pattern = /^/, what = "a text") => (value, place) => {
  if (typeof value !== "string" || !pattern.test(value)) {
    throw misshapen(`this has to be ${what}`, place);
  }
};

const isWhole = (least = INT64_MIN, most = INT64_MAX) => (value, place) => {
  const what = least === most ? least : `an integer from ${least} to ${most}`;
  if (typeof value !== "bigint" || value < least || value > most) {
    throw misshapen(`this has to be ${what}`, place);
  }
};

const isList = (of, least, most) => (value, place) => {
  if (!Array.isArray(value) || value.length < least || value.length > most) {
    throw misshapen(`this has to be a list of ${least} to ${most}`, place);
  }
  value.forEach((each, i) => of(each, [...place, i]));
};

const isTable = (of) => (value, place) => {
  if (!(value instanceof Map)) throw misshapen("this has to be an object", place);
  for (const [key, each] of value) of(each, [...place, key]);
};

const isRecord = (fields, optional = {}) => (value, place) => {
  if (!(value instanceof Map)) throw misshapen("this has to be an object", place);
  for (const key of value.keys()) {
    if (!Object.hasOwn(fields, key) && !Object.hasOwn(optional, key)) {
      throw misshapen("nothing is known of this key", [...place, key]);
    }
  }
  for (const [key, shape] of Object.entries(fields)) {
    if (!value.has(key)) throw misshapen(`\`${key}\` is missing`, place);
    shape(value.get(key), [...place, key]);
  }
  for (const [key, shape] of Object.entries(optional)) {
    if (value.has(key)) shape(value.get(key), [...place, key]);
  }
};

const isHash = isText(HASH_TEXT, "64 lower-case hexadecimal digits");
const isNode = isText(NODE_TEXT, "32 bytes in base64");
const isLeaf = isRecord(
  {
    v: isWhole(1n, 1n),
    run: isText(),
    seq: isWhole(1n),
    type: isText(),
    at_ms: isWhole(),
    epoch: isWhole(),
    causes: isList(isWhole(1n), 0, LIST_MAX),
    commitments: isTable(isHash),
  },
  {
    actor: isText(),
    attempt: isWhole(),
    facts: isTable(anything),
    generation: isWhole(),
    path: isText(),
  },
);
const isDisclosed = isRecord({
  salt: isText(/^[0-9a-f]{32}$/, "16 bytes in hexadecimal"),
  value: anything,
});
const isEntries = isList(
  isRecord({
    index: isWhole(0n, INT64_MAX - 1n),
    hash: isText(/^[0-9a-f]{16}$/, "8 bytes in hexadecimal"),
    leaf: isLeaf,
    disclosed: isTable(isDisclosed),
  }),
  1,
  LIST_MAX,
);
const KEYED_REF = /^hmac-sha256:([0-9a-f]{32}|[0-9a-f]{64}):[0-9a-f]{64}$/;
const isReceipt = isRecord(
  {
    kind: isText(/^interlock receipt$/, "`interlock receipt`"),
    v: isWhole(1n, 1n),
    run: isText(),
    whole: isFlag,
    claims: anything,
    checkpoint: isText(),
    stamps: isList(isText(/^[A-Za-z0-9+/=]{1,87384}$/, "base64"), 0, 16),
    leaves: isEntries,
    proof: isList(isNode, 0, PROOF_MAX),
    values: isTable(anything),
  },
  {
    openers: isTable(isText(/^[0-9a-f]{64}$/, "32 bytes in hexadecimal")),
    retention: isEntries,
  },
);

// --- checking a receipt ---------------------------------------------------------------------------

const COMMITMENT_TAG = utf8("interlock/commitment/1\n");

/**
 * Check the bytes of a receipt with public keys: `keys` of the log, one of which has to have signed,
 * and `witnesses`, all of which have to have cosigned. Both as `readKey` gives them. Nobody can have
 * cosigned after `now`, in milliseconds since 1970.
 *
 * Returns what is proved, as a Map that `canonical` writes; throws `Refused` for the first thing that
 * does not hold.
 */
export function checkReceipt(bytes, keys, witnesses = [], now = Date.now()) {
  requireKeys(keys, LOG_KEY, "a log (type 1)");
  requireKeys(witnesses, WITNESS_KEY, "a witness (type 4)");
  requireIndependence(keys, witnesses);
  const receipt = readJson(decodeText(bytes));
  isReceipt(receipt, []);
  const trust = { keys, witnesses, now: BigInt(now) };
  const { checkpoint, signer, cosigned } = openCheckpoint(receipt.get("checkpoint"), trust);
  requireStamps(receipt.get("stamps"), checkpoint);
  const lists = ["leaves", "retention"].map((name) => [name, receipt.get(name) ?? []]);
  requireInclusion(lists, receipt.get("proof"), checkpoint);
  const [leaves, kept] = lists.map(([, entries]) => entries);
  requireRun(leaves, receipt.get("run"), receipt.get("whole"));
  requireRetention(kept, receipt.get("run"));
  const [shown, retention] = lists.map(([name, entries]) =>
    entries.map((entry, i) => openedLeaf(entry, [name, i])),
  );
  requireValues(receipt.get("values"), receipt.get("openers") ?? new Map(), shown);
  const claims = claimsOf(receipt.get("run"), shown, receipt.get("values"));
  requireClaims(receipt.get("claims"), claims);
  return table({
    verdict: "verified",
    log: table({
      origin: checkpoint.origin,
      size: checkpoint.size,
      root: toHex(checkpoint.root),
      key: `${signer.name}+${signer.id}`,
      witnesses: cosigned.map(({ name, time }) => table({ name, at_s: time })),
      stamps: table({ carried: BigInt(receipt.get("stamps").length), verified: [] }),
    }),
    run: receipt.get("run"),
    whole: receipt.get("whole"),
    events: table({
      shown: BigInt(shown.length),
      first: shown[0].leaf.get("seq"),
      last: shown[shown.length - 1].leaf.get("seq"),
    }),
    claims,
    execution_is_shown: receipt.get("whole") && executionIsShown(shown),
    shown: shownParts(shown, receipt.get("values")),
    disclosed: counted(shown.flatMap(({ parts }) => [...parts.keys()])),
    values: BigInt(receipt.get("values").size),
    ...absencesOf(receipt.get("run"), shown, retention),
  });
}

const table = (fields) => new Map(Object.entries(fields));

function counted(names) {
  const found = new Map();
  for (const name of [...names].sort()) found.set(name, (found.get(name) ?? 0n) + 1n);
  return found;
}

function requireKeys(keys, kind, whose) {
  const refuse = (message) => new Refused("IL8505", "", message);
  for (const key of keys) {
    if (key.kind !== kind) throw refuse(`\`${key.name}\` is no key of ${whose}`);
    if (!isPublicKey(key.publicKey)) {
      throw refuse(`\`${key.name}\` holds no point that may be a public key`);
    }
  }
}

/** Refuse one pair of keys under two names: a cosignature does not say who made it. */
function requireIndependence(keys, witnesses) {
  const known = new Set(keys.map(({ publicKey }) => toHex(publicKey)));
  for (const { name, publicKey } of witnesses) {
    if (known.has(toHex(publicKey))) {
      const why = "has the key of the log, or of another witness";
      const hint = "a cosignature does not say a name: name each pair of keys once";
      throw new Refused("IL8505", "", `the witness \`${name}\` ${why}`, hint);
    }
    known.add(toHex(publicKey));
  }
}

// By how much the clock of a witness may go ahead of the one here.
const CLOCK_SLACK_MS = 300_000n;

/** Read the checkpoint, and find who signed it. */
function openCheckpoint(text, { keys, witnesses, now }) {
  const refuse = (code, message) => new Refused(code, "$.checkpoint", message);
  const note = readNote(text);
  const nameOf = ({ name, id }) => `\`${name}\` (${id})`;
  const verdicts = (all) => all.map((key) => ({ ...key, ...verdictOf(note, key) }));
  const requireNoneWrong = (all) => {
    const wrong = all.find(({ verdict }) => verdict === "wrong");
    if (wrong) throw refuse("IL8506", `the signature by ${nameOf(wrong)} does not hold`);
    return all;
  };
  const signer = requireNoneWrong(verdicts(keys)).find(({ verdict }) => verdict === "good");
  if (!signer) {
    const trusted = keys.map(nameOf).join(", ") || "none";
    throw refuse("IL8507", `the note is not signed by a trusted key; trusted are: ${trusted}`);
  }
  const cosigned = requireNoneWrong(verdicts(witnesses));
  const checkpoint = readCheckpoint(note.text);
  const missing = cosigned.find(({ verdict }) => verdict === "absent");
  if (missing) throw refuse("IL8547", `the witness \`${missing.name}\` has not cosigned`);
  for (const { name, time } of cosigned) {
    if (time * 1000n > now + CLOCK_SLACK_MS) {
      const told = `${timeText(time * 1000n)}, which is still to come`;
      throw refuse("IL8549", `the cosignature by \`${name}\` is dated ${told}`);
    }
  }
  if (checkpoint.origin !== signer.name) {
    const message = `the checkpoint is of the log \`${checkpoint.origin}\`, not \`${signer.name}\``;
    throw refuse("IL8509", message);
  }
  return { checkpoint, signer, cosigned };
}

/** Refuse stamps of another text. Who gave a stamp is for others to check, as `openssl ts` does. */
function requireStamps(stamps, { text }) {
  const stamped = letters(sha256(utf8(text)));
  stamps.forEach((stamp, i) => {
    if (!letters(fromBase64(stamp) ?? []).includes(stamped)) {
      throw new Refused("IL8533", `$.stamps[${i}]`, "this is no time stamp of the checkpoint");
    }
  });
}

/** Refuse leaves, of the run and of the journal of the store, that are not in the tree. */
function requireInclusion(lists, proof, { size, root }) {
  const refuse = (message, ...place) => new Refused("IL8502", placeText(place), message);
  const hashes = new Map();
  for (const [name, entries] of lists) {
    let before = -1n;
    entries.forEach((entry, i) => {
      const hash = leafHash(utf8(canonical(entry.get("leaf"))));
      if (toHex(hash.slice(0, 8)) !== entry.get("hash")) {
        throw refuse("the leaf has another hash", name, i, "leaf");
      }
      const index = entry.get("index");
      if (index >= size) {
        const message = `the log has ${size} leaves, and this says that it is leaf ${index}`;
        throw refuse(message, name, i, "index");
      }
      if (hashes.has(index)) throw refuse(`leaf ${index} stands twice`, name, i, "index");
      if (index <= before) throw refuse(`leaf ${index} stands after leaf ${before}`, name, i, "index");
      before = index;
      hashes.set(index, hash);
    });
  }
  const inOrder = [...hashes].sort(([a], [b]) => (a < b ? -1 : 1));
  const found = rootFromMultiproof(size, inOrder, proof.map(fromBase64));
  if (found === null) throw refuse("the proof has too few hashes, or too many", "proof");
  if (!sameBytes(found, root)) {
    const message = "the leaves and the proof lead to another root than that of the checkpoint";
    throw refuse(message, "proof");
  }
}

function requireRun(leaves, run, isWhole) {
  const refuse = (message, ...place) => new Refused("IL8545", placeText(place), message);
  let before = 0n;
  leaves.forEach((entry, i) => {
    const leaf = entry.get("leaf");
    const seq = leaf.get("seq");
    if (leaf.get("run") !== run) throw refuse("the leaf is of another run", "leaves", i, "leaf", "run");
    if (seq <= before || (isWhole && seq !== before + 1n)) {
      throw refuse(`event ${seq} stands after event ${before}`, "leaves", i, "leaf", "seq");
    }
    before = seq;
  });
}

const STORE_JOURNAL = "store";

/** Refuse events of the journal of the store that are none, or say nothing of the run. */
function requireRetention(entries, run) {
  const refuse = (message, ...place) => new Refused("IL8545", placeText(["retention", ...place]), message);
  let before = 0n;
  entries.forEach((entry, i) => {
    const leaf = entry.get("leaf");
    const seq = leaf.get("seq");
    if (leaf.get("run") !== STORE_JOURNAL) {
      throw refuse("the leaf is not of the journal of the store", i, "leaf", "run");
    }
    if (seq <= before) throw refuse(`event ${seq} stands after event ${before}`, i, "leaf", "seq");
    if (leaf.get("type") !== "RunsPruned" || rowOf(leaf, run) === undefined) {
      throw refuse("the leaf does not tell that the run was pruned", i, "leaf");
    }
    before = seq;
  });
}

/** Hold what is disclosed against the commitments of the leaf. */
function openedLeaf(entry, place) {
  const leaf = entry.get("leaf");
  const parts = new Map();
  for (const [name, shown] of entry.get("disclosed")) {
    const part = utf8(canonical(shown.get("value")));
    const made = toHex(sha256(join(COMMITMENT_TAG, fromHex(shown.get("salt")), part)));
    if (leaf.get("commitments").get(name) !== made) {
      const here = placeText([...place, "disclosed", name]);
      throw new Refused("IL8543", here, "this is not what the leaf commits to");
    }
    parts.set(name, shown.get("value"));
  }
  return { index: entry.get("index"), leaf, parts };
}

function requireValues(values, openers, shown) {
  const named = new Set(shown.flatMap(({ parts }) => [...parts.values()]));
  for (const [ref, value] of values) {
    const refuse = (message) => new Refused("IL8544", placeText(["values", ref]), message);
    if (!named.has(ref)) throw refuse("no event that is shown names this value");
    const data = utf8(`["value",1,${canonical(value)}]`);
    const keyed = KEYED_REF.exec(ref);
    if (keyed !== null && !openers.has(ref)) throw refuse("no opener shows that this is the value");
    const made =
      keyed === null
        ? `sha256:${toHex(sha256(data))}`
        : `hmac-sha256:${keyed[1]}:${toHex(hmac(fromHex(openers.get(ref)), data))}`;
    if (made !== ref) throw refuse("the value has another digest");
  }
  for (const ref of openers.keys()) {
    if (!values.has(ref) || !KEYED_REF.test(ref)) {
      throw new Refused("IL8544", placeText(["openers", ref]), "this opens no value");
    }
  }
}

function requireClaims(claimed, derived) {
  const refuse = (message, ...place) => new Refused("IL8546", placeText(["claims", ...place]), message);
  if (!(claimed instanceof Map)) throw refuse("the claims are no object");
  for (const name of [...derived.keys(), ...claimed.keys()]) {
    const isSame = derived.has(name) && claimed.has(name);
    if (!isSame || canonical(claimed.get(name)) !== canonical(derived.get(name))) {
      throw refuse("the leaves do not say this", name);
    }
  }
}

// --- what the leaves say --------------------------------------------------------------------------

const typeOf = ({ leaf }) => leaf.get("type");
const fact = ({ leaf }, name) => leaf.get("facts")?.get(name) ?? null;
const part = ({ leaf, parts }, name) => leaf.get(name) ?? parts.get(name) ?? null;

// What persons decide beside approvals.
const DECISIONS = [
  ...["NodeCancelled", "NodeResolved", "RunCancelled", "RunMigrated", "RunPaused", "RunReopened"],
  "RunUnpaused",
];

function claimsOf(run, shown, values) {
  const started = shown.find((leaf) => typeOf(leaf) === "RunStarted");
  // That parts were erased may be told after the end, and changes nothing about it.
  const last = shown.filter((leaf) => typeOf(leaf) !== "PartsErased").pop();
  const settled = last && typeOf(last) === "RunSettled" ? last : undefined;
  const pinning = shown.filter((leaf) => ["RunStarted", "RunMigrated"].includes(typeOf(leaf)));
  return table({
    run,
    graph: started ? part(started, "graph") : null,
    plans: pinning.map((leaf) => part(leaf, "plan")),
    started_at_ms: started ? part(started, "at_ms") : null,
    started_by: started ? part(started, "actor") : null,
    ended: settled
      ? table({
          status: fact(settled, "status"),
          error: fact(settled, "error"),
          at_ms: part(settled, "at_ms"),
        })
      : null,
    execution: settled ? part(settled, "execution") : null,
    guarantees: guaranteesOf(pinning, values),
    approvals: shown.filter((leaf) => typeOf(leaf) === "GateDecided").map(decisionOf),
    decisions: shown.filter((leaf) => DECISIONS.includes(typeOf(leaf))).map(decisionOf),
    policy: null,
    cache: null,
  });
}

function decisionOf(leaf) {
  return table({
    seq: part(leaf, "seq"),
    type: typeOf(leaf),
    path: part(leaf, "path"),
    verdict: part(leaf, "verdict"),
    by: part(leaf, "actor"),
    at_ms: part(leaf, "at_ms"),
  });
}

/** What is promised of each action, from the manifests that were pinned last. */
function guaranteesOf(pinning, values) {
  if (pinning.length === 0) return null;
  const pinned = values.get(part(pinning[pinning.length - 1], "manifests"));
  const rows = pinned instanceof Map ? pinned.get("actions") : pinned;
  if (!Array.isArray(rows)) return null;
  const found = new Map();
  for (const row of rows) {
    const name = row instanceof Map ? row.get("name") : undefined;
    if (typeof name !== "string") return null;
    found.set(name, guaranteeOf(row));
  }
  return found;
}

function guaranteeOf(manifest) {
  if (manifest.get("effect") !== "write") return "repeatable";
  if (manifest.get("transactional") === true) return "exactly once";
  if (manifest.has("key") || manifest.get("probe") === true) return "one effect";
  return manifest.has("undo") ? "at most once, reversible" : "at most once";
}

// Parts that the claims tell of, as far as they matter for a run as a whole.
const CLAIMED = ["actor", "execution", "graph", "manifests", "plan", "verdict"];

/** List what is disclosed beyond the claims; a reference with its value, if that is there. */
function shownParts(shown, values) {
  const rows = shown.flatMap((leaf) => [...leaf.parts].map(([name, value]) => ({ leaf, name, value })));
  return rows.filter(({ name }) => !CLAIMED.includes(name)).map(({ leaf, name, value }) =>
    table({
      seq: part(leaf, "seq"),
      path: part(leaf, "path"),
      part: name,
      value: values.has(value) ? values.get(value) : value,
    }),
  );
}

/** Find what an event that tells of a pruning says of a run. */
function rowOf(leaf, run) {
  const rows = leaf.get("facts")?.get("runs");
  const isOf = (row) => row instanceof Map && row.get("run") === run;
  return Array.isArray(rows) ? rows.find(isOf) : undefined;
}

// Parts that go with the content of the other events, of events that stay.
const PRUNED = ["accepted", "actor", "error", "execution", "inputs", "key", "output", "principal"];

/** Say of all that is hidden why it is: erased, pruned, or withheld. */
function absencesOf(run, shown, retention) {
  const toldBy = (leaf) => ({
    leaf: leaf.index,
    rule: part(leaf, "rule"),
    by: part(leaf, "actor"),
    at_ms: part(leaf, "at_ms"),
  });
  const erasures = new Map();
  for (const leaf of shown.filter((each) => typeOf(each) === "PartsErased")) {
    const told = fact(leaf, "parts");
    for (const name of Array.isArray(told) ? told : []) {
      if (!erasures.has(name)) erasures.set(name, leaf);
    }
  }
  const ends = retention.filter((leaf) => fact(leaf, "what") === "events").map(({ index }) => index);
  const [erased, pruned, withheld] = [[], [], []];
  for (const leaf of shown) {
    const seq = part(leaf, "seq");
    const goes = typeOf(leaf) !== "PartsErased" && ends.some((end) => end > leaf.index);
    for (const name of leaf.leaf.get("commitments").keys()) {
      const by = erasures.get(`${seq}.${name}`);
      if (leaf.parts.has(name)) continue;
      if (by && part(by, "seq") > seq) {
        const erasure = table({ seq: part(by, "seq"), ...toldBy(by) });
        erased.push(table({ seq, path: part(leaf, "path"), part: name, erasure }));
      } else {
        (goes && PRUNED.includes(name) ? pruned : withheld).push(name);
      }
    }
  }
  const prunings = retention.map((leaf) =>
    table({
      what: fact(leaf, "what"),
      events: rowOf(leaf.leaf, run).get("events") ?? null,
      seq: part(leaf, "seq"),
      period_ms: fact(leaf, "period_ms"),
      ...toldBy(leaf),
    }),
  );
  return { erased, prunings, pruned: counted(pruned), withheld: counted(withheld) };
}

/**
 * Say whether the execution digest of a whole run follows from what is disclosed. It does for runs
 * whose outcomes are all in their `NodeSettled` events; so no is no accusation.
 */
function executionIsShown(shown) {
  const [started, settled] = [shown[0], shown[shown.length - 1]];
  const shows = ({ leaf, parts }, ...names) =>
    names.every((name) => parts.has(name) || !leaf.get("commitments").has(name));
  const outcomes = new Map();
  for (const leaf of shown.filter((each) => typeOf(each) === "NodeSettled")) {
    const path = part(leaf, "path");
    if (typeof path !== "string" || !shows(leaf, "call_key", "output")) return false;
    const status = fact(leaf, "status");
    const end = status === "succeeded" ? part(leaf, "output") : fact(leaf, "error");
    // In the order of code points, which is that of UTF-8.
    outcomes.set(toHex(utf8(path)), [path, status, part(leaf, "call_key"), end]);
  }
  if (!shows(started, "plan", "inputs") || part(settled, "execution") === null) return false;
  const rows = [...outcomes.keys()].sort().map((key) => outcomes.get(key));
  const made = canonical([part(started, "plan"), part(started, "inputs"), rows]);
  return `sha256:${toHex(sha256(utf8(`["execution",1,${made}]`)))}` === part(settled, "execution");
}

// --- in words -------------------------------------------------------------------------------------

const HIDDEN = /[\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
const YEAR_10000_MS = 253402300800000n;
const ROWS_MAX = 100;
const VALUE_CHARS_MAX = 200;
const PROVED =
  "proved: whoever holds the log's key signed a tree with these events, with this content and in" +
  " this order; every disclosed part and value is what the event has";
const NOT_PROVED =
  "not proved: that nothing else happened, that what an action reported is true, or that the" +
  " clock of the machine was right; witnesses show that the log has one history for everybody";

const plain = (text) =>
  text.replace(HIDDEN, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`);

function told(value) {
  if (value === null) return "not shown";
  return plain(typeof value === "string" ? value : canonical(value));
}

/** Show what a part says, or why it is not there; of event `seq`, or of any. */
function toldOf(verdict, name, value, seq) {
  if (value !== null) return told(value);
  const isIt = (row) => row.get("part") === name && (seq === undefined || row.get("seq") === seq);
  if (verdict.get("erased").some(isIt)) return "erased";
  return verdict.get("pruned").has(name) ? "pruned" : "not shown";
}

function timeText(ms) {
  if (ms < 0n || ms >= YEAR_10000_MS) return `${ms} ms`;
  return new Date(Number(ms)).toISOString().replace("T", " ").replace("Z", " UTC");
}

/** Tell what `checkReceipt` found, a line for each fact. */
export function verdictLines(verdict) {
  const claims = verdict.get("claims");
  const log = verdict.get("log");
  const rows = [
    ["log", `${plain(log.get("origin"))}, ${log.get("size")} leaves, root ${log.get("root")}`],
    ["signed by", plain(log.get("key"))],
    ["witnessed by", witnessesText(log.get("witnesses"))],
    ["time stamp", stampsText(log.get("stamps").get("carried"))],
    ["events", eventsText(verdict)],
    ["graph", toldOf(verdict, "graph", claims.get("graph"))],
    ["plan", claims.get("plans").map(told).join(", ") || "not shown"],
    ["started", startedText(verdict)],
    ["ended", endedText(claims.get("ended"))],
    ["execution", executionText(verdict)],
    ["guarantees", guaranteesText(claims.get("guarantees"))],
    ...claims.get("approvals").map((given) => ["approval", decisionText(verdict, given)]),
    ...claims.get("decisions").map((given) => ["decision", decisionText(verdict, given)]),
    ...atMost(verdict.get("shown").map(shownText)).map((row) => ["shown", row]),
    ["disclosed", countsText(verdict.get("disclosed"))],
    ["values", verdict.get("values").toString()],
    ...erasureTexts(verdict.get("erased")).map((row) => ["erasure", row]),
    ...atMost(verdict.get("erased").map(erasedText)).map((row) => ["erased", row]),
    ...verdict.get("prunings").map((each) => ["pruned", pruningText(each)]),
    ...(verdict.get("pruned").size ? [["pruned", `with these: ${countsText(verdict.get("pruned"))}`]] : []),
    ["withheld", countsText(verdict.get("withheld"))],
  ];
  const head = `verified: run ${plain(verdict.get("run"))} in the log ${plain(log.get("origin"))}`;
  return [head, ...rows.map(([name, text]) => `  ${name.padEnd(14)}${text}`), PROVED, NOT_PROVED];
}

function witnessesText(found) {
  const each = (one) => `${plain(one.get("name"))} at ${timeText(one.get("at_s") * 1000n)}`;
  return found.map(each).join(", ") || "nobody that was asked for";
}

const stampsText = (count) => (count ? `${count} in the file; not counted: who gave it was not checked` : "none");

function eventsText(verdict) {
  const [shown, first, last] = ["shown", "first", "last"].map((name) => verdict.get("events").get(name));
  if (!verdict.get("whole")) return `${shown} of the run, from ${first} to ${last}`;
  const goesOn = verdict.get("claims").get("ended") ? "" : "; the run has not ended with them";
  return `${first} to ${last}, without a gap${goesOn}`;
}

function startedText(verdict) {
  const claims = verdict.get("claims");
  if (claims.get("started_at_ms") === null) return "not shown";
  const first = verdict.get("events").get("first");
  const by = toldOf(verdict, "actor", claims.get("started_by"), first);
  return `${timeText(claims.get("started_at_ms"))} by ${by}`;
}

function endedText(ended) {
  if (ended === null) return "not shown";
  const error = ended.get("error") === null ? "" : ` (${told(ended.get("error"))})`;
  return `${told(ended.get("status"))}${error} at ${timeText(ended.get("at_ms"))}`;
}

function executionText(verdict) {
  const digest = verdict.get("claims").get("execution");
  if (digest === null) return toldOf(verdict, "execution", null);
  const how = verdict.get("execution_is_shown") ? "follows from the outcomes" : "as the log has it";
  return `${told(digest)}, ${how}`;
}

function guaranteesText(found) {
  if (found === null) return "not shown";
  return [...found].map(([name, text]) => `${plain(name)}: ${text}`).join("; ") || "no actions";
}

function decisionText(verdict, given) {
  const where = given.get("path") === null ? "" : `, ${told(given.get("path"))}`;
  const how = given.get("verdict") === null ? "" : ` ${told(given.get("verdict"))}`;
  const what = `event ${given.get("seq")}${where}: ${plain(given.get("type"))}${how}`;
  const by = toldOf(verdict, "actor", given.get("by"), given.get("seq"));
  return `${what} by ${by} at ${timeText(given.get("at_ms"))}`;
}

function cut(text) {
  const letters = [...text];
  return letters.length <= VALUE_CHARS_MAX ? text : `${letters.slice(0, VALUE_CHARS_MAX).join("")}…`;
}

function placeOf(row) {
  const where = row.get("path") === null ? "the run" : told(row.get("path"));
  return `event ${row.get("seq")}, ${where}, ${plain(row.get("part"))}`;
}

const shownText = (row) => `${placeOf(row)}: ${cut(told(row.get("value")))}`;

const erasedText = (row) => `${placeOf(row)}: by the erasure at leaf ${row.get("erasure").get("leaf")}`;

function erasureTexts(rows) {
  const found = new Map(rows.map((row) => [row.get("erasure").get("leaf"), row.get("erasure")]));
  return [...found].map(([leaf, by]) => `leaf ${leaf} (event ${by.get("seq")}), ${ruleText(by)}`);
}

function pruningText(pruning) {
  const events = pruning.get("events") === null ? "" : ` (${told(pruning.get("events"))})`;
  const what = told(pruning.get("what")) + events;
  return `${what}: by the pruning at leaf ${pruning.get("leaf")}, ${ruleText(pruning)}`;
}

/** Say under which rule something was destroyed, by whom and when. */
function ruleText(by) {
  const rule = by.get("rule") === "" ? "none named" : cut(told(by.get("rule")));
  return `rule: ${rule}; by ${told(by.get("by"))} at ${timeText(by.get("at_ms"))}`;
}

/** Leave out what would be too many lines. */
function atMost(texts) {
  const rest = texts.length - ROWS_MAX;
  return rest > 0 ? [...texts.slice(0, ROWS_MAX), `and ${rest} more in the file`] : texts;
}

function countsText(parts) {
  return [...parts].map(([name, count]) => `${plain(name)} (${count})`).join(", ") || "nothing";
}

// --- the command line, where there is Node ---------------------------------------------------------

const USAGE = "usage: node interlock-verify.mjs RECEIPT --key VKEY|FILE [--witness VKEY|FILE] [--json]";
const HELP = `${USAGE}

Check a receipt with public keys alone: no journal, no network, no Interlock.

  --key VKEY|FILE      a public key of the log, or a file with one a line; one of them has to have
                       signed; may be given more than once
  --witness VKEY|FILE  a public key of a witness; each has to have cosigned
  --json               print the verdict as JSON
  --help               print this

Who gave a time stamp is not checked here, so stamps are told and do not count: for that there are
\`interlock audit check --stamp-certificates\` and \`openssl ts -verify\`.
Ends with 0 if all holds, with 6 if anything does not, and with 2 if it is called in another way.`;
const NO_STAMPS = "who gave a time stamp is not checked by this verifier";
const NO_STAMPS_HINT = "use `interlock audit check --stamp-certificates`, or `openssl ts -verify`";
const EXIT = { ok: 0, usage: 2, refused: 6 };
const CALLED = "IL9001";

/** Read the lines of a text that are keys; empty ones and those after `#` are none. */
export function readKeys(text) {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "" && !line.startsWith("#")).map(readKey);
}

/** Make the error of a call that makes no sense. */
const misused = (message, hint) => new Refused(CALLED, "", message, hint);

/** Read what the command line asks for; null when that is help. */
function parsed(given, parseArgs) {
  const option = { type: "string", multiple: true, default: [] };
  const flag = { type: "boolean", default: false };
  const options = { key: option, witness: option, "stamp-certificates": option, json: flag, help: flag };
  let asked;
  try {
    asked = parseArgs({ args: given, options, allowPositionals: true });
  } catch (error) {
    throw misused(error.message.split("\n")[0], USAGE);
  }
  const { positionals, values } = asked;
  if (values.help) return null;
  if (values["stamp-certificates"].length) throw misused(NO_STAMPS, NO_STAMPS_HINT);
  if (positionals.length !== 1) throw misused("one receipt has to be given", USAGE);
  if (values.key.length === 0) throw misused("a public key of the log has to be given", USAGE);
  return { file: positionals[0], ...values };
}

/** Read what is given as keys: each is a file with one a line, or a key itself. */
function keysIn(given, read) {
  return given.flatMap((one) => {
    const text = read(one);
    if (text === null && one.split("+").length < 3) {
      const hint = "give a key as NAME+ID+KEY, or a file with one a line";
      throw misused(`there is no file \`${one}\`, and it is no public key`, hint);
    }
    const found = readKeys(text === null ? one : text.toString("utf8"));
    // What is asked for must count.
    if (found.length === 0) throw new Refused("IL8505", "", `\`${one}\` has no public key in it`);
    return found;
  });
}

async function main(given) {
  const { readFileSync, statSync } = await import("node:fs");
  const { parseArgs } = await import("node:util");
  const read = (name) => {
    try {
      if (!statSync(name).isFile()) return null;
    } catch {
      return null;
    }
    return readFileSync(name);
  };
  try {
    const asked = parsed(given, parseArgs);
    if (asked === null) {
      process.stdout.write(`${HELP}\n`);
      return EXIT.ok;
    }
    const bytes = read(asked.file);
    if (bytes === null) throw misused(`there is no file \`${asked.file}\``, "give the path of a receipt");
    const [keys, witnesses] = [keysIn(asked.key, read), keysIn(asked.witness, read)];
    const verdict = checkReceipt(bytes, keys, witnesses);
    const text = asked.json ? canonical(verdict) : verdictLines(verdict).join("\n");
    process.stdout.write(`${text}\n`);
    return EXIT.ok;
  } catch (error) {
    const isOurs = error instanceof Refused;
    const told = isOurs ? error : misused(error.message, "can the file be read?");
    process.stderr.write(`${refusalLines(told).join("\n")}\n`);
    if (told.code === CALLED) return EXIT.usage;
    if (given.includes("--json")) process.stdout.write(`${canonical(refusal(told))}\n`);
    return EXIT.refused;
  }
}

const refusal = ({ code, place, message }) =>
  table({ verdict: "refused", code, place, cause: message });

/** Tell what does not hold, where, and what to do about it. */
export function refusalLines({ code, place, message, hint }) {
  const where = place ? [`place: ${plain(place)}`] : [];
  return [`error[${code}]: ${plain(message)}`, ...where, `hint: ${hint}`];
}

if (typeof process === "object" && process.versions?.node && process.argv[1]) {
  const { realpathSync } = await import("node:fs");
  const { pathToFileURL } = await import("node:url");
  if (import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
    process.exitCode = await main(process.argv.slice(2));
  }
}
