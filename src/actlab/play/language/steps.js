// The derivation as a teacher writes it, as `actlab derive` prints it: actlab/making/symbolic.py has the same rules.
import { differentiate, outer } from "./derivative.js";
import { constant } from "./parse.js";
import { apply, name, pieces, postorder, text } from "./tree.js";

const INNER = name("u");

// Each rule with what it gives, inner parts first: a list of lines.
export function steps(tree, wrt = "x") {
  const parts = postorder(tree).filter((part) => part.symbols.has(wrt) && part.op !== "name" && !part.isCondition);
  return [...new Set(parts.map((part) => `${rule(part, wrt)}: (${text(part)})' = ${text(differentiate(part, wrt))}`))];
}

// The name of the rule that gives a tree's derivative, with what it needs.
function rule(tree, wrt) {
  const { op, parts } = tree;
  const depends = parts.filter((part) => part.symbols.has(wrt));
  if (op === "+" || op === "-") return depends.length === 2 ? "Sum rule" : "A constant falls away";
  if (op === "*") return depends.length === 2 ? "Product rule, (u v)' = u' v + u v'" : "Constant factor";
  if (op === "neg") return "Constant factor";
  if (op === "/") return depends.includes(parts[1]) ? "Quotient rule, (u/v)' = (u' - (u/v) v')/v" : "Constant factor";
  if (op === "min" || op === "max") return `Piece by piece, ${op === "max" ? "the greater" : "the smaller"} decides`;
  if (op === "Piecewise") return `Piece by piece, ${pieces(tree).length} pieces`;
  const u = parts[0];
  const times = `times u' = ${text(differentiate(u, wrt))}`;
  if (op === "**") {
    const shown = text(outer(apply("**", INNER, parts[1])));
    return `Power rule, u**${text(parts[1])} with u = ${text(u)}: ${shown}, ${times}`;
  }
  const shown = outer(apply(op, INNER));
  if (u.op === "name") return constant(shown) === null ? `Known, ${op}'(${text(u)}) = ${text(outer(tree))}` : "Known";
  return `Chain rule, ${op}(u) with u = ${text(u)}: ${op}'(u) = ${text(shown)}, ${times}`;
}
