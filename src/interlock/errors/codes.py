"""Every stable code, with the words that explain it.

A code is never reused and never changes its meaning. Families: IL10xx document text, IL11xx
structure, IL20xx references and types, IL22xx expressions, IL3xxx policy, IL4xxx flow, IL5xxx
limits, IL6xxx nodes at run time, IL7xxx store and journal, IL80xx replay, IL85xx audit,
IL86xx retention, IL9xxx usage and internal.
"""

from interlock.errors.auditcodes import AUDIT_CODES
from interlock.errors.codeinfo import CodeInfo

CODES: dict[str, CodeInfo] = {
    # --- IL10xx document text
    "IL1001": CodeInfo("not UTF-8", "A document is text in UTF-8."),
    "IL1002": CodeInfo(
        "forbidden character",
        "Control characters and Unicode line separators cannot stand in YAML as they are.",
    ),
    "IL1003": CodeInfo("empty document", "There is nothing to read, or nothing but comments."),
    "IL1004": CodeInfo(
        "YAML syntax", "The text is not YAML. The place is where the reader could not go on."
    ),
    "IL1005": CodeInfo(
        "expression without quotes", "In `{...}` and `[...]` an expression `${{ }}` needs quotes."
    ),
    "IL1006": CodeInfo(
        "duplicate key", "A key may stand once in a mapping: which of two values counts is a guess."
    ),
    "IL1007": CodeInfo("key is no string", "Keys are strings, as in JSON."),
    "IL1008": CodeInfo(
        "tag refused", "Only the tags of JSON data (`!!str`, `!!int`, `!!map` ...) are read."
    ),
    "IL1009": CodeInfo("bad alias", "An alias names an anchor before it and outside of itself."),
    "IL1010": CodeInfo("several documents", "A file holds one document."),
    "IL1011": CodeInfo(
        "number out of range",
        "Numbers are 64-bit integers or finite doubles that keep their value.",
    ),
    "IL1012": CodeInfo("merge key", "`<<` is not part of YAML 1.2 and would be an ordinary key."),
    "IL1013": CodeInfo("tab as indentation", "YAML is indented with spaces."),
    "IL1014": CodeInfo("not closed", "A quote, a bracket or a brace is opened and never closed."),
    "IL1015": CodeInfo(
        "half of a character", "A lone surrogate such as `\\ud83d` is no Unicode character."
    ),
    "IL1016": CodeInfo(
        "unknown escape", "Only YAML's escapes may follow a backslash in double quotes."
    ),
    "IL1017": CodeInfo(
        "no layout", "The canonical layout of this document would not say the same."
    ),
    # --- IL11xx structure
    "IL1100": CodeInfo(
        "document refused", "The document has problems; each has a code of its own."
    ),
    "IL1101": CodeInfo("no mapping", "A document, a node and a graph are mappings."),
    "IL1102": CodeInfo("version of the format", "A document begins with `interlock: 1`."),
    "IL1103": CodeInfo("field missing", "A field that must be given is not there."),
    "IL1104": CodeInfo(
        "unknown field", "The format has no such field at this place; nothing is ignored silently."
    ),
    "IL1105": CodeInfo(
        "field of the wrong type",
        "The value of a field is not of the type that the format asks for.",
    ),
    "IL1106": CodeInfo("bad name", "A name or id does not have the required shape."),
    "IL1107": CodeInfo("reserved id", "The id is a word of CEL or a root name of expressions."),
    "IL1108": CodeInfo(
        "node without a kind", "A node says what it runs, such as `call`, `graph` or `gate`."
    ),
    "IL1109": CodeInfo("node of two kinds", "A node runs one thing."),
    "IL1110": CodeInfo(
        "not built yet", "The format has this, but this version of Interlock cannot execute it."
    ),
    "IL1111": CodeInfo(
        "bad duration", "A duration is a number and a unit: `250ms`, `90s`, `10m`, `4h`, `3d`."
    ),
    "IL1112": CodeInfo("out of range", "A number is outside the range that the field allows."),
    "IL1113": CodeInfo("no expression", "The field holds one CEL expression."),
    "IL1114": CodeInfo("listed twice", "An entry stands twice in a list that is a set."),
    "IL1115": CodeInfo(
        "bad action name", "An action's name is words joined by `.`, such as `http.get`."
    ),
    "IL1116": CodeInfo("field of another kind", "The field belongs to nodes of another kind."),
    "IL1117": CodeInfo(
        "unknown graph", "`graph`, `map` and `repeat` name an entry of `graphs`, or a file."
    ),
    "IL1118": CodeInfo("graph contains itself", "A graph that runs itself would never end."),
    "IL1119": CodeInfo(
        "file not read", "A graph is in another file, and that file cannot be read."
    ),
    "IL1120": CodeInfo(
        "file refused", "A graph is in another file, and that document has problems."
    ),
    "IL1121": CodeInfo(
        "bad schema", "A schema is a JSON Schema, draft 2020-12, without remote references."
    ),
    "IL1122": CodeInfo("unknown type", "`{$ref: '#/types/NAME'}` names an entry of `types`."),
    "IL1123": CodeInfo("name of an item is taken", "`as` would hide a node of the same id."),
    "IL1124": CodeInfo(
        "subject out of place",
        "Whose a value is, is said where it enters a run: of inputs, and of what calls, signals and"
        " proposals return.",
    ),
    "IL1125": CodeInfo(
        "unknown keyword",
        "JSON Schema ignores keywords and formats that it does not know: likely a typing error.",
    ),
    "IL1130": CodeInfo(
        "cycle", "Nodes wait for each other in a circle, so that none could ever start."
    ),
    "IL1131": CodeInfo("not for this kind", "The field has no meaning for nodes of this kind."),
    "IL1132": CodeInfo("waits for itself", "A node names itself as something to wait for."),
    "IL1133": CodeInfo(
        "output `turns` is taken", "A `repeat` yields the outputs of its graph, and `turns`."
    ),
    "IL1151": CodeInfo(
        "a value is needed", "While a graph is traced there are references, and no values yet."
    ),
    "IL1152": CodeInfo("name is taken", "Nodes of a graph, and its local graphs, differ in name."),
    "IL1153": CodeInfo("wrong use", "An option or a block of the Python form makes no sense here."),
    "IL1154": CodeInfo(
        "reference of another graph", "A graph reads its own values and those of graphs around it."
    ),
    "IL1155": CodeInfo("wrong argument", "A call does not fit what it calls."),
    "IL1156": CodeInfo("no function for a graph", "The function cannot describe a graph."),
    "IL1157": CodeInfo(
        "reference inside text", "References stand in f-strings, which are used as they are."
    ),
    # --- IL20xx references and types
    "IL2001": CodeInfo("unknown action", "The graph names an action that is not in the registry."),
    "IL2002": CodeInfo(
        "unknown node", "An expression, `needs` or `after` names a node that is not in this graph."
    ),
    "IL2003": CodeInfo("no such field", "An expression reads a field that its source cannot have."),
    "IL2004": CodeInfo(
        "unknown argument", "`with` has an argument that the action or graph does not take."
    ),
    "IL2005": CodeInfo(
        "missing argument", "`with` lacks an argument that the action or graph requires."
    ),
    "IL2006": CodeInfo(
        "literal of the wrong type",
        "A literal argument, or the default of an input, does not satisfy its schema.",
    ),
    "IL2007": CodeInfo(
        "unknown input", "An expression reads an input that the graph does not declare."
    ),
    "IL2008": CodeInfo(
        "types do not fit",
        "What an expression yields is not accepted where it goes, or a graph function is annotated"
        " to return something else.",
    ),
    "IL2009": CodeInfo("condition is not boolean", "A condition must be true or false."),
    "IL2010": CodeInfo(
        "inputs do not match",
        "The inputs of a run or of a scope do not satisfy the graph's schema.",
    ),
    "IL2011": CodeInfo("bad action", "An `@action` declaration is wrong."),
    "IL2012": CodeInfo(
        "may be absent", "An expression reads a field that its source need not have."
    ),
    "IL2013": CodeInfo(
        "output may be absent", "An output needs a node that may be skipped or may fail."
    ),
    "IL2014": CodeInfo(
        "action not allowed here", "A proposed graph uses an action that its parent does not allow."
    ),
    "IL2015": CodeInfo(
        "checked at run time", "Types along an edge can neither be proven nor refuted."
    ),
    "IL2016": CodeInfo(
        "proposal refused", "What was proposed is no graph that can run in its parent."
    ),
    "IL2017": CodeInfo("may be null", "An expression uses something that its schema lets be null."),
    "IL2018": CodeInfo(
        "`returns` contradicts",
        "`returns` narrows what an action or a graph declares to yield; here no value is both.",
    ),
    # --- IL22xx expressions
    "IL2019": CodeInfo(
        "subject reads something else", "`subject` reads the value that it speaks of, and no other."
    ),
    "IL2200": CodeInfo("expression not readable", "The text is not an expression of CEL."),
    "IL2201": CodeInfo("expression too long", "An expression has at most 4,096 characters."),
    "IL2202": CodeInfo("expression too deep", "Expressions nest at most 32 levels deep."),
    "IL2203": CodeInfo("unknown function", "CEL has no function of this name and form."),
    "IL2204": CodeInfo(
        "loop over a map", "The order of a map is not defined; only `all` and `exists` may use it."
    ),
    "IL2205": CodeInfo(
        "secret in an expression", "Secrets are named in values of their own, never computed with."
    ),
    "IL2206": CodeInfo(
        "name without meaning here", "`result` and `args` exist only in some fields of a node."
    ),
    "IL2207": CodeInfo(
        "incomplete `nodes` path", "`nodes` is followed by an id and `status`, `output` or `error`."
    ),
    "IL2208": CodeInfo("unsigned integer", "JSON has no unsigned integers."),
    "IL2209": CodeInfo(
        "name of a time zone", "What a zone's name means depends on the system; offsets do not."
    ),
    "IL2210": CodeInfo(
        "message in an expression", "Expressions make maps and lists, never messages."
    ),
    "IL2211": CodeInfo("`${{` not closed", "An expression in a value ends with `}}`."),
    "IL2212": CodeInfo("expression in a key", "Keys of objects are taken as they are written."),
    "IL2213": CodeInfo("value too deep", "Values nest at most 100 levels deep."),
    "IL2214": CodeInfo("types do not fit", "An operator or a function does not take these types."),
    "IL2215": CodeInfo("result is no JSON data", "The result of an expression must be JSON data."),
    "IL2216": CodeInfo(
        "constant that fails", "An expression that reads nothing yields the same error every time."
    ),
    # --- IL4xxx flow
    "IL4001": CodeInfo(
        "`after` without effect",
        "A node waits for another one to succeed, and lists it in `after`.",
    ),
    "IL4002": CodeInfo(
        "retry seldom applies",
        "A write that is not safe to repeat is tried again only when it proves that it did not"
        " happen.",
    ),
    "IL4003": CodeInfo(
        "unused node", "A pure function whose output nothing reads could as well be left out."
    ),
    "IL4004": CodeInfo(
        "nothing to undo", "A node asks to undo when it fails, but nothing in the graph can be."
    ),
    "IL4005": CodeInfo(
        "irreversible too early",
        "A write that nothing takes back may happen before a node that could fail first.",
    ),
    "IL4006": CodeInfo(
        "text like a reference",
        "A plain text names what an expression could read; without `${{ }}` it stays a text.",
    ),
    "IL4101": CodeInfo(
        "arguments not known to a gate",
        "A gate shows and binds what it allows: it is known when the gate opens, or bounded.",
    ),
    "IL4102": CodeInfo(
        "gate without effect on a node", "What a gate covers must need it, directly or not."
    ),
    "IL4103": CodeInfo("bound of nothing", "`bounds` names a node that the gate does not cover."),
    "IL4104": CodeInfo("cannot be covered", "A gate covers nodes that act, each by its arguments."),
    "IL4105": CodeInfo("bound reads too much", "A bound is a condition over `args` and `inputs`."),
    # --- IL5xxx limits
    "IL5000": CodeInfo(
        "limit reached", "A limit was reached; the message names it and says how to raise it."
    ),
    "IL5001": CodeInfo(
        "document too large", "The text of a document has more bytes than `bytes_max`."
    ),
    "IL5002": CodeInfo("document too deep", "Values are nested deeper than `depth_max`."),
    "IL5003": CodeInfo(
        "too many values", "A document has more values than `values_max`, aliases counted in full."
    ),
    "IL5004": CodeInfo("too many aliases", "A document has more aliases than `aliases_max`."),
    "IL5005": CodeInfo(
        "too many nodes", "A document, with its local graphs and files, has more than `nodes_max`."
    ),
    "IL5006": CodeInfo("too many problems", "Reading stopped; the first problems are shown."),
    "IL5007": CodeInfo("name too long", "A name or id has more characters than allowed."),
    "IL5008": CodeInfo("too many files", "Graphs in files are nested too deep, or are too many."),
    "IL5101": CodeInfo(
        "scopes too deep", "Subgraphs, items and proposals are nested deeper than `depth_max`."
    ),
    "IL5102": CodeInfo("too many scopes", "A run opened more than `scopes_max` scopes."),
    "IL5103": CodeInfo("too many items", "The list of a `map` is longer than `items_max`."),
    "IL5104": CodeInfo(
        "too many attempts", "A node may be tried more often than `attempts_max` of the limits."
    ),
    "IL5105": CodeInfo(
        "too many turns", "A `repeat` may go round more often than `turns_max` of the limits."
    ),
    # --- IL6xxx nodes at run time
    "IL6001": CodeInfo(
        "action failed",
        "The action raised an exception. Its type and message are in the error."
        " Correct the action or its arguments; `retry` helps where the cause passes.",
    ),
    "IL6002": CodeInfo(
        "attempt timed out",
        "The attempt took longer than its `timeout`, or could not be sent within it."
        " Raise `timeout`, or ask the action for less at once.",
    ),
    "IL6003": CodeInfo(
        "output refused",
        "The action returned a value that is not JSON data or is over a limit."
        " Return JSON data, and large data by reference.",
    ),
    "IL6004": CodeInfo(
        "output of the wrong type",
        "The output does not satisfy the action's or the node's schema."
        " Correct what the action returns, or what it or `returns` declares.",
    ),
    "IL6005": CodeInfo(
        "postcondition failed",
        "`ensure` was false for the output of the node."
        " `interlock show RUN NODE` shows the output.",
    ),
    "IL6006": CodeInfo(
        "precondition failed",
        "`require` was false when the node was about to start."
        " `interlock show RUN NODE` shows the arguments.",
    ),
    "IL6007": CodeInfo("expression failed", "An expression of the node could not be evaluated."),
    "IL6008": CodeInfo(
        "arguments refused",
        "The evaluated arguments do not satisfy the action's schema."
        " Correct what the arguments read, or let the producer declare its type.",
    ),
    "IL6009": CodeInfo("not applied", "The action proved that its write did not happen."),
    "IL6010": CodeInfo(
        "in doubt",
        "A write was sent and no answer is known."
        " Find out whether it happened, and say so with `interlock resolve`.",
    ),
    "IL6011": CodeInfo(
        "crashed too often",
        "Attempts of this node ended with the process `crashes_max` times."
        " Look what ends the process: memory, a native library, a kill from outside.",
    ),
    "IL6012": CodeInfo(
        "out of time",
        "The `deadline` of a node passed, or the `window` in which the receiver of a keyed write"
        " knows its key: while an attempt went on, waited for its turn, or was about to be sent."
        " Nothing is sent any more. Raise the one that the message names, or let the node try less"
        " often, and open the run again with `interlock retry`.",
    ),
    "IL6013": CodeInfo(
        "inner scope failed",
        "A node inside the scope of this node failed. The error of that node says why.",
    ),
    "IL6014": CodeInfo(
        "proposal refused", "The proposed graph did not compile under the parent's rules."
    ),
    "IL6015": CodeInfo(
        "too many failed items",
        "More than `failures_max` items of a `map` failed."
        " Correct the items, or raise `failures_max`.",
    ),
    "IL6016": CodeInfo(
        "keys are not unique",
        "Two items of a `map` have the same `key`. Choose a `key` that differs for each item.",
    ),
    "IL6017": CodeInfo(
        "resolved as failed",
        "A person decided that a write fails: it did not happen, or what happened does not count.",
    ),
    "IL6018": CodeInfo("strict dependency did not succeed", "The node was skipped."),
    "IL6019": CodeInfo("guard was false", "The node was skipped because `when` was false."),
    "IL6020": CodeInfo("rejected", "A person rejected what a gate asked for."),
    "IL6021": CodeInfo(
        "not decided in time",
        "Nobody decided about a gate before it expired. `interlock retry` asks again.",
    ),
    "IL6022": CodeInfo(
        "not what was approved",
        "What would run differs from what a gate allowed, or the approval has expired."
        " `interlock retry` asks again; those that the gate names decide, with"
        " `interlock approve RUN NODE --as NAME`.",
    ),
    "IL6023": CodeInfo("no signal", "The signal that a `wait` waits for did not come in time."),
    "IL6024": CodeInfo(
        "too many turns", "The condition of a `repeat` was still false after `max` turns."
    ),
    "IL6025": CodeInfo("none succeeded", "No node of a `first_of` succeeded."),
    "IL6026": CodeInfo("deadline of the run", "The run did not settle before its deadline."),
    "IL6027": CodeInfo("cancelled", "Somebody cancelled the node or the run."),
    "IL6028": CodeInfo("not undone", "The undo of a node did not succeed."),
    # --- IL7xxx store and journal
    "IL7000": CodeInfo("store error", "Base of the errors of the store."),
    "IL7001": CodeInfo(
        "run not found",
        "The store has no run with this id. `interlock runs` lists those that there are.",
    ),
    "IL7002": CodeInfo(
        "run not resumable", "The run is in a state in which the order makes no sense."
    ),
    "IL7003": CodeInfo(
        "store unusable", "The store cannot be used as asked. The message says why."
    ),
    "IL7004": CodeInfo(
        "store failed",
        "Reading or writing failed; what was not acknowledged may or may not be durable.",
    ),
    "IL7005": CodeInfo(
        "journal corrupt",
        "Stored bytes do not decode or do not match their digest."
        " Restore a copy of the journal; `interlock doctor` looks at the file.",
    ),
    "IL7006": CodeInfo(
        "lease held",
        "Another process drives the run. It renews its lease while it is at work. Once it "
        "has ended, or its lease has, another one may resume the run.",
    ),
    "IL7007": CodeInfo(
        "lease lost", "Another owner took the run over; nothing of this owner was appended."
    ),
    "IL7008": CodeInfo(
        "key taken",
        "Another run was started with the same key. Take its result, or choose another key.",
    ),
    "IL7010": CodeInfo(
        "not a database",
        "The file is not a SQLite database, or its first page is damaged."
        " Check the path, or restore a copy.",
    ),
    "IL7011": CodeInfo(
        "another program's database", "The SQLite file was not made by Interlock; it is left alone."
    ),
    "IL7012": CodeInfo(
        "other format",
        "The file was written by another version of Interlock than the one that opens it. If that"
        " was a newer one, open it with that version or a later one. What was written before the"
        " first release cannot be read: begin a new journal.",
    ),
    "IL7013": CodeInfo(
        "not writable",
        "The file or its folder cannot be written. Check the owner and the permissions.",
    ),
    "IL7014": CodeInfo(
        "network file system",
        "Locks and shared memory are unsafe there, so a journal is refused."
        " Put the journal on a local disk.",
    ),
    "IL7015": CodeInfo("no such place", "The path is not a file, or its folder does not exist."),
    "IL7016": CodeInfo(
        "locked",
        "Another process held a lock of the store for longer than a commit can take."
        " Find the process that holds it, and try again.",
    ),
    "IL7017": CodeInfo(
        "disk full",
        "The disk or a quota is full; nothing that was not acknowledged counts."
        " Make room, then resume the run.",
    ),
    "IL7018": CodeInfo(
        "records out of order",
        "A batch would leave a gap, repeat an event of a run, or take a message that is not in its "
        "inbox; nothing was written.",
    ),
    "IL7019": CodeInfo(
        "store stopped",
        "An earlier write failed. Close the store, reopen it, and read what is there.",
    ),
    "IL7020": CodeInfo(
        "no journal", "There is no journal at this path; only commands that run graphs make one."
    ),
    "IL7021": CodeInfo("not readable", "The file or its folder cannot be read."),
    "IL7022": CodeInfo(
        "what was executed has changed",
        "What a run has executed is not the code that is registered now, or not the same in the"
        " version of its graph that was given. Go on with the plan that the run has (`--pin`, or"
        " without `--graph`), or let what was executed count and go on with the new one"
        " (`--migrate`), unless a node that was executed is not in it.",
    ),
    "IL7023": CodeInfo(
        "transaction refused",
        "A statement of a transactional action was refused, or took too long. Nothing of the"
        " transaction was kept.",
    ),
    "IL7024": CodeInfo(
        "not allowed to decide",
        "A gate asks a role that is configured, and who decided does not have it. Nothing was"
        " decided.",
    ),
    "IL7025": CodeInfo(
        "false name of a data subject",
        "The row of a data subject was changed: its name and its key do not belong together, or the"
        " key is gone that values need. So nobody can tell whose these values are, and nothing is"
        " erased of whoever they may be. Restore the row from a backup of the journal.",
    ),
    "IL7026": CodeInfo(
        "other tables",
        "A table, a column or an index of the file is missing or changed: somebody has changed it"
        " with another program. `interlock audit verify` names all of them; restore a copy.",
    ),
    # --- IL8xxx replay
    "IL8001": CodeInfo(
        "divergence",
        "A replay differs from its journal; the first difference is named."
        " Nothing was changed: compare the code and the versions of then and now.",
    ),
    **AUDIT_CODES,
    # --- IL9xxx usage and internal
    "IL9001": CodeInfo("usage", "A call or command makes no sense as given."),
    "IL9002": CodeInfo(
        "extra missing", "An optional dependency is needed; the message names the extra to install."
    ),
    "IL9003": CodeInfo(
        "illegal transition", "An event that the engine could not have ordered in this state."
    ),
    "IL9004": CodeInfo(
        "app not loaded",
        "The module that `--app` or `[tool.interlock]` names cannot be used."
        " The message says which import failed.",
    ),
    "IL9000": CodeInfo(
        "internal error", "A check inside Interlock failed. This is a bug; please report it."
    ),
}
