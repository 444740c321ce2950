// Trees as Python in the catalogue's style, to copy: plain torch, with names for what is used twice, as
// actlab/making/code.py prints it.
import { HELPERS } from "./helpers.js";
import { quoted } from "./nearest.js";
import {
  COMPARISONS, E, ONE, PI, TRUE, X, ZERO, apply, numeral, pieces, postorder, rebuild, text,
} from "./tree.js";

const WIDE = 66;  // characters of a part before it gets a name of its own
const [SUM, PRODUCT, SIGN, POWER, WHOLE] = [1, 2, 3, 4, 5];

// The Python of an activation: a decorated value and its derivatives. `reading` is what `read` gives; `value` and
// `slopes` ({x: tree, beta: tree}) are the trees to print.
export function block({ reading, value, slopes, kinks = [], name = "formula" }) {
  const first = decorator(reading, kinks) + valueBlock(reading, value, name);
  const derivatives = Object.entries(slopes).map(([wrt, tree]) => slopeBlock(reading, tree, wrt, name));
  const parts = postorder(value, ...Object.values(slopes));
  const used = new Set(parts.map((part) => part.op).filter((op) => op !== "sigmoid" && op !== "sin"));
  if (postorder(value).some((part) => part.op === "sigmoid")) used.add("sigmoid");
  if (parts.some((part) => ["sin", "cos"].includes(part.op) && part.parts[0] !== X)) used.add("sin");
  const helpers = Object.keys(HELPERS).filter((op) => used.has(op)).map((op) => HELPERS[op]);
  const body = [...helpers, first, ...derivatives].join("\n\n");
  const math = body.includes("math.") ? "import math\n\n" : "";
  return `${math}import torch\nfrom torch import Tensor\n\nfrom actlab import activation\n\n\n${body}`;
}

// The formula as one writes it in PyTorch, for autograd to take its slope; its parameters are keywords with defaults.
export function plainPython({ reading, value = reading.node, name = "f" }) {
  const given = Object.entries(reading.parameters).map(([key, one]) => `, ${key}=${pythonFloat(one)}`);
  const lines = new Printer(value, new Set(Object.keys(reading.parameters)), { isPlain: true }).allLines();
  const body = `def ${name}(x${given.join("")}):\n${lines.map((line) => `    ${line}\n`).join("")}`;
  return `${body.includes("math.") ? "import math\n\n" : ""}import torch\n\n\n${body}`;
}

function decorator(reading, kinks) {
  const facts = [["family", '"formula"'], ["formula", JSON.stringify(text(spelled(reading.node)))]];
  if (kinks.length) {
    const shown = kinks.map((kink) => (typeof kink === "number" ? pythonFloat(kink) : quoted(kink)));
    facts.push(["kinks", shown.length === 1 ? `(${shown[0]},)` : `(${shown.join(", ")})`]);
  }
  facts.push(["range", '"?"'], ["reference", '"a formula"'], ["checked", '"no: written by actlab derive"']);
  if (reading.learned.length) {
    facts.push(["learned", `(${reading.learned.map((one) => JSON.stringify(one)).join(", ")},)`]);
  }
  return ["@activation(", ...facts.map(([key, value]) => `    ${key}=${value},`), ")\n"].join("\n");
}

// A float as Python's repr has it: 1.0, 1e-05.
function pythonFloat(value) {
  if (Object.is(value, -0)) return "-0.0";
  return Number.isSafeInteger(value) ? `${value}.0` : numeral(value);
}

// A formula in the words that SymPy knows, as the catalogue has it, and in no others.
export function spelled(tree) {
  return rebuild(tree, (part) => (Object.hasOwn(SPELLED, part.op) ? SPELLED[part.op](...part.parts) : part));
}

const exponential = (u) => apply("exp", u);

const SPELLED = {
  sigmoid: (u) => apply("/", ONE, apply("+", ONE, exponential(apply("neg", u)))),
  softplus: (u) => apply("log", apply("+", ONE, exponential(u))),
  logsigmoid: (u) => apply("neg", apply("log", apply("+", ONE, exponential(apply("neg", u))))),
  relu: (u) => apply("Max", u, ZERO),
  log1p: (u) => apply("log", apply("+", ONE, u)),
  expm1: (u) => apply("-", exponential(u), ONE),
  max: (u, v) => apply("Max", u, v),
  min: (u, v) => apply("Min", u, v),
  abs: (u) => apply("Abs", u),
  e: () => exponential(ONE),
  and: (u, v) => apply("And", u, v),
  or: (u, v) => apply("Or", u, v),
  not: (u) => apply("Not", u),
  "==": (u, v) => apply("Eq", u, v),
  "!=": (u, v) => apply("Ne", u, v),
};

function valueBlock(reading, tree, name) {
  const takes = ["x: Tensor"];
  for (const [key, value] of Object.entries(reading.parameters)) {
    takes.push(`${key}: float | Tensor = ${pythonFloat(value)}`);
  }
  const said = wrapped(`f(x) = ${text(reading.node)}`, 100, "    ", "           ");
  let head = `def ${name}(${takes.join(", ")}) -> Tensor:\n`;
  if (head.length > 110) head = `def ${name}(\n${takes.map((one) => `    ${one},\n`).join("")}) -> Tensor:\n`;
  const doc = `    """A formula.\n\n${said.join("\n")}\n    """\n`;
  return `${head}${doc}${bodyBlock(tree, reading, true)}\n`;
}

function slopeBlock(reading, tree, wrt, name) {
  const used = ["x", ...Object.keys(reading.parameters).filter((key) => tree.symbols.has(key))].join(", ");
  return `@${name}.derivative(wrt="${wrt}")\ndef _(${used}):\n${bodyBlock(tree, reading, false)}\n`;
}

function bodyBlock(tree, reading, tails) {
  const lines = new Printer(tree, new Set(Object.keys(reading.parameters)), { tails }).allLines();
  return lines.map((line) => `    ${line}`).join("\n");
}

// The lines that compute one tree.
class Printer {
  // `tails`: whether a sigmoid's far left counts: in a value, not in a slope; plain code needs nothing but torch
  constructor(root, taken, { tails = false, isPlain = false }) {
    this.root = root;
    this.tails = tails;
    this.isPlain = isPlain;
    this.taken = taken;
    this.lines = [];
    this.texts = new Map();
    const uses = new Map();
    for (const part of postorder(root)) for (const one of part.parts) uses.set(one, (uses.get(one) ?? 0) + 1);
    this.isShared = (part) => part.size > 2 && uses.get(part) > 1 && part.symbols.size > 0;
  }

  allLines() {
    for (const part of postorder(this.root)) {
      let [shown, level] = this.expression(part);
      const wide = shown.length > WIDE && part !== TRUE;
      if (part !== this.root && (this.isShared(part) || wide)) {
        const name = this.newName();
        this.lines.push(`${name} = ${shown}`);
        [shown, level] = [name, WHOLE];
      }
      this.texts.set(part, [shown, level]);
    }
    const last = this.root.symbols.has("x") ? this.shown(this.root) : this.filled(this.root);
    // autograd refuses a Function that returns its input
    return [...this.lines, this.root === X && !this.isPlain ? "return x.clone()" : `return ${last}`];
  }

  newName() {
    let at = 1;
    while (this.taken.has(`u${at}`)) at += 1;
    this.taken.add(`u${at}`);
    return `u${at}`;
  }

  shown(tree) {
    return this.texts.get(tree)[0];
  }

  inside(tree, level) {
    const [shown, own] = this.texts.get(tree);
    return own >= level ? shown : `(${shown})`;
  }

  // What does not depend on x, as a tensor like x.
  filled(tree) {
    if (tree === ZERO) return "torch.zeros_like(x)";
    if (tree === ONE) return "torch.ones_like(x)";
    if (tree.symbols.size) return `${this.inside(tree, PRODUCT)} * torch.ones_like(x)`;
    return `torch.full_like(x, ${this.shown(tree)})`;
  }

  expression(tree) {
    const { op, parts, value } = tree;
    if (op === "number") return [pythonNumber(value), value >= 0 ? WHOLE : SIGN];
    if (op === "name") return [value, WHOLE];
    if (tree === PI) return ["math.pi", WHOLE];
    if (tree === E) return ["math.e", WHOLE];
    if (tree === TRUE) return ["True", WHOLE];
    if (INFIX.has(op)) return this.infix(tree);
    if (op === "neg") return [`-${this.inside(parts[0], POWER)}`, SIGN];
    if (op === "Piecewise") return [this.pieces(tree), WHOLE];
    if (op === "min" || op === "max") return [this.extreme(tree), WHOLE];
    return [this.call(tree), WHOLE];
  }

  infix(tree) {
    if (tree === apply("!=", X, X)) return ["x.isnan()", WHOLE];
    const [sign, level, left, right] = INFIX.get(tree.op);
    const [a, b] = tree.parts;
    if (tree.op === "**" && b.op === "number") return [`${this.inside(a, left)}**${this.inside(b, WHOLE)}`, level];
    return [`${this.inside(a, left)} ${sign} ${this.inside(b, right)}`, level];
  }

  // torch.where, one in another; two numbers need one tensor among them.
  pieces(tree) {
    const most = pieces(tree);
    const [last] = most.pop();
    let [shown, tensor] = [this.shown(last), last.symbols.has("x")];
    for (const [value, condition] of most.reverse()) {
      const yes = tensor || value.symbols.has("x") ? this.shown(value) : this.filled(value);
      const given = this.shown(condition);
      const holds = condition.symbols.has("x") ? given : `torch.as_tensor(${given}, device=x.device)`;
      [shown, tensor] = [`torch.where(${holds}, ${yes}, ${shown})`, true];
    }
    return shown;
  }

  extreme(tree) {
    let [a, b] = tree.parts;
    if (!a.symbols.has("x")) [a, b] = [b, a];
    if (b.symbols.has("x") || !a.symbols.has("x")) {
      return `torch.${tree.op === "min" ? "minimum" : "maximum"}(${this.tensor(a)}, ${this.tensor(b)})`;
    }
    const [inner, lowest] = a.parts;
    if (tree.op === "min" && a.op === "max" && b.op === "number" && lowest.op === "number" && inner === X) {
      return `x.clamp(${this.shown(lowest)}, ${this.shown(b)})`;
    }
    return `${this.inside(a, WHOLE)}.clamp(${tree.op === "min" ? "max" : "min"}=${this.shown(b)})`;
  }

  tensor(tree) {
    const shown = this.shown(tree);
    return tree.symbols.has("x") ? shown : `torch.as_tensor(${shown}, dtype=x.dtype, device=x.device)`;
  }

  call(tree) {
    const [u] = tree.parts, ofX = u.symbols.has("x"), shown = this.shown(u);
    if (!u.symbols.size && !["abs", "sign", "sigmoid", "softplus", "logsigmoid", "relu"].includes(tree.op)) {
      return `math.${tree.op}(${shown})`;
    }
    if (tree.op === "not") return `~(${shown})`;
    if (tree.op === "abs" && ofX) return `${this.inside(u, WHOLE)}.abs()`;
    if ((tree.op === "sin" || tree.op === "cos") && ofX) {
      return `torch.${tree.op}(${u === X || this.isPlain ? shown : `finite(${shown})`})`;
    }
    const own = !this.isPlain && Object.hasOwn(HELPERS, tree.op) && (this.tails || tree.op !== "sigmoid");
    const called = FUNCTIONAL.has(tree.op) ? `torch.nn.functional.${tree.op}` : `torch.${tree.op}`;
    return `${own ? tree.op : called}(${this.tensor(u)})`;
  }
}

const FUNCTIONAL = new Set(["logsigmoid", "softplus"]);

// Large whole numbers as floats: their powers would not fit where torch wants a whole number.
function pythonNumber(value) {
  if (!Number.isSafeInteger(value) || Math.abs(value) < 1000000) return numeral(value);
  const short = value.toExponential(3).replace(/e\+(\d)$/, "e+0$1").replace(".000e+0", "e").replace(".000e+", "e");
  return Number(short) === value ? short : `${value}.0`;
}

const INFIX = new Map([
  ["+", ["+", SUM, SUM, PRODUCT]],
  ["-", ["-", SUM, SUM, PRODUCT]],
  ["*", ["*", PRODUCT, PRODUCT, SIGN]],
  ["/", ["/", PRODUCT, PRODUCT, SIGN]],
  ["**", ["**", POWER, WHOLE, WHOLE]],
  ["and", ["&", 0, WHOLE, WHOLE]],
  ["or", ["|", 0, WHOLE, WHOLE]],
  ...[...COMPARISONS].map((op) => [op, [op, 0, SUM, SUM]]),
]);

// Lines of at most `width` characters, as textwrap.wrap breaks the words of a formula: no word in it has a hyphen that
// stands between letters, so lines break at spaces, and within a word that is longer than a line.
function wrapped(long, width, first, later) {
  const lines = [];
  const chunks = long.split(/( +)/);
  while (chunks.length) {
    const indent = lines.length ? later : first;
    const room = width - indent.length;
    const line = [];
    let length = 0;
    if (lines.length && !chunks[0].trim()) chunks.shift();
    while (chunks.length && length + chunks[0].length <= room) {
      length += chunks[0].length;
      line.push(chunks.shift());
    }
    if (chunks.length && chunks[0].length > room) {
      const part = chunks[0].slice(0, room - length);
      const hyphen = part.lastIndexOf("-");
      const end = hyphen > 0 && /[^-]/.test(part.slice(0, hyphen)) ? hyphen + 1 : part.length;
      line.push(chunks[0].slice(0, end));
      chunks[0] = chunks[0].slice(end);
    }
    if (line.length && !line.at(-1).trim()) line.pop();
    if (line.length) lines.push(indent + line.join(""));
  }
  return lines;
}
