"""The codes of audit (IL85xx) and retention (IL86xx), with the words that explain them."""

from interlock.errors.codeinfo import CodeInfo

AUDIT_CODES: dict[str, CodeInfo] = {
    # --- IL85xx audit
    "IL8500": CodeInfo(
        "evidence refused",
        "Something that is to prove what happened does not hold, or cannot be read.",
    ),
    "IL8501": CodeInfo(
        "tree refused", "A size, an index or a row of hashes is none of an RFC 6962 Merkle tree."
    ),
    "IL8502": CodeInfo(
        "not included",
        "The proof does not lead from the leaf to the root: the leaf is not at this place of this"
        " tree, or the proof belongs to another leaf or tree.",
    ),
    "IL8503": CodeInfo(
        "not consistent",
        "The proof does not show that the newer tree only adds leaves to the older one: the log"
        " was cut or rewritten, or the proof belongs to other trees.",
    ),
    "IL8504": CodeInfo(
        "no signed note",
        "A checkpoint travels as a C2SP signed note: a text, an empty line, and signatures."
        " What was given is none, or is longer than what is read.",
    ),
    "IL8505": CodeInfo(
        "key refused", "A public key, a private key or the name of a key is not what it has to be."
    ),
    "IL8506": CodeInfo(
        "signature does not hold",
        "A trusted key is named, and its signature is not of this text.",
    ),
    "IL8507": CodeInfo(
        "not signed", "None of the trusted keys signed. Signatures by other keys prove nothing."
    ),
    "IL8508": CodeInfo(
        "no checkpoint",
        "The text of a checkpoint has the log's name, the size of its tree and the root.",
    ),
    "IL8509": CodeInfo("another log", "A proof or a checkpoint belongs to a log of another name."),
    "IL8510": CodeInfo(
        "request to a witness refused",
        "A witness is sent the size it knows, a proof and a checkpoint, in that order.",
    ),
    "IL8511": CodeInfo(
        "witness knows another tree",
        "A proof starts where the witness stopped. A witness that knows more than the log has shows"
        " that the log lost events, or was put back to an older copy.",
    ),
    "IL8512": CodeInfo(
        "tile refused",
        "A log is published as tiles of up to 256 hashes. One is missing, too short or too long, or"
        " has a path that no tile has.",
    ),
    "IL8513": CodeInfo(
        "not the log that was signed",
        "A log only grows. This one does not extend what was signed or published before: the store"
        " was put back to an older copy, what it held was changed, or it is another store.",
    ),
    "IL8514": CodeInfo(
        "key file refused",
        "A key file is private: only its owner can read it, and nobody else can write a folder"
        " above it. It is not there, is damaged, others can read or replace it, or it cannot do"
        " what is asked.",
    ),
    "IL8530": CodeInfo(
        "two trees of one size",
        "A log has signed two trees of the same size with different roots: it has two histories."
        " The two checkpoints together prove it to anybody who has the log's key.",
    ),
    "IL8531": CodeInfo(
        "not cosigned",
        "A witness was asked and gave no cosignature that holds. Others are asked all the same.",
    ),
    "IL8532": CodeInfo(
        "memory of a witness refused",
        "A witness that does not know what it has cosigned must not cosign: it could sign a second"
        " history.",
    ),
    "IL8533": CodeInfo(
        "time stamp refused",
        "A time stamp is not one of RFC 3161, is of another checkpoint, or none of the given"
        " certificates answers for it.",
    ),
    "IL8534": CodeInfo(
        "not stamped",
        "A server for time stamps was asked and gave none. The checkpoint holds without it.",
    ),
    "IL8540": CodeInfo(
        "not strict JSON",
        "A receipt is JSON in UTF-8 that can be read in one way alone: no key stands twice,"
        " integers fit in 64 bits, other numbers in doubles, and texts have whole characters.",
    ),
    "IL8541": CodeInfo(
        "receipt over a limit", "A receipt has at most 64 MiB, and is nested at most 200 deep."
    ),
    "IL8542": CodeInfo(
        "no receipt",
        "The file is not laid out as a receipt of version 1, or is one of a newer version.",
    ),
    "IL8543": CodeInfo(
        "not what was committed to",
        "A disclosed part and its salt do not give the commitment of the leaf: one of them was"
        " changed.",
    ),
    "IL8544": CodeInfo(
        "another value", "A disclosed value does not have the digest that an event names."
    ),
    "IL8545": CodeInfo(
        "not the events of the run",
        "A leaf is of another run, or the events do not follow each other: one was left out, or"
        " their order was changed. Or a leaf that is to tell of a pruning does not tell of one.",
    ),
    "IL8546": CodeInfo(
        "claims differ", "What the head of a receipt says is not what its leaves say."
    ),
    "IL8547": CodeInfo(
        "not witnessed", "A witness that was asked for has not cosigned the checkpoint."
    ),
    "IL8548": CodeInfo(
        "no time stamp", "Time stamps were to be checked, and none of the checkpoint is there."
    ),
    "IL8549": CodeInfo(
        "from the future",
        "A cosignature or a time stamp is dated more than 5 minutes after now. Its clock is wrong,"
        " or the clock of whoever checks, or it is forged: it says nothing about when.",
    ),
    "IL8550": CodeInfo(
        "erased",
        "What is needed of a run was erased: values, or the digests that gave them away. Restore"
        " nothing: what stays of the run is sound, and `interlock show`, `interlock replay` and"
        " `interlock audit verify` say what that is. A run that has lost parts does not go on.",
    ),
    # --- IL86xx retention
    "IL8600": CodeInfo(
        "retention not understood",
        "`[tool.interlock.retention]` has a profile, and periods for values and events. A period is"
        " a number and a unit: `12h`, `183d`, `26w`, `2y`.",
    ),
    "IL8601": CodeInfo(
        "below the floor",
        "A period is shorter than the rule allows that the project has chosen as its profile.",
    ),
    "IL8602": CodeInfo(
        "values outlive events",
        "Values would be kept longer than the events that name them. Keep events at least as long.",
    ),
    "IL8603": CodeInfo(
        "on hold",
        "A legal hold is on the run: nothing of it is erased or pruned until somebody releases the"
        " hold. `interlock retention hold list` shows who placed it, and why.",
    ),
    "IL8604": CodeInfo(
        "pruned",
        "What was asked for is not in the store any more: its time was over, and it was destroyed."
        " The log says when, by whom and under which rule; proofs stay valid.",
    ),
    "IL8605": CodeInfo(
        "no such hold",
        "No hold has this number, or it was released already. `interlock retention hold list"
        " --all` lists all.",
    ),
}
