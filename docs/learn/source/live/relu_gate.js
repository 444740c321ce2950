// Four gates: x and dL/dy are the reader's; y and dL/dx answer.
import { html, said } from "./page/dom.js";
import { $, data, field, table } from "./live.js";

const now = { left: data.left, x: [...data.x], dy: [...data.dy] };
const gate = (x) => (x > 0 ? 1 : now.left);
const y = (n) => (now.x[n] > 0 ? now.x[n] : now.left * now.x[n]);
const dx = (n) => now.dy[n] * gate(now.x[n]);

// One gate: the way forward above, the way back below; what is between them is how far open it is.
function built(n) {
  const one = (name, css) => html("input", { class: `number ${css}`, id: `${name}${n}`, autocomplete: "off",
    "aria-label": `${name === "x" ? "x" : "dL/dy"} of gate ${n + 1}`, "aria-describedby": `${name}_told${n}` });
  const told = (name) => html("p", { class: "told", id: `${name}_told${n}`, role: "alert" });
  const out = (name, css) => html("output", { class: css, id: `${name}${n}` });
  const arrow = (css, name) => html("span", { class: `arrow ${css}`, id: `${name}${n}`, "aria-hidden": "true" });
  return html("div", { class: "gate", role: "group", "aria-label": `Gate ${n + 1}` },
    html("label", { class: "forward" }, html("span", {}, "x"), one("x", "forward")),
    arrow("forward", "in"),
    html("div", { class: "door" }, html("output", { id: `gate${n}` }), html("span", { id: `door${n}` })),
    arrow("forward", "out"),
    html("div", { class: "forward shown" }, html("span", {}, "y"), out("y", "forward")),
    html("div", { class: "back shown" }, html("span", {}, "dL/dx"), out("dx", "back")),
    arrow("back left", "on"),
    arrow("back left", "from"),
    html("label", { class: "back" }, html("span", {}, "dL/dy"), one("dy", "back")),
    told("x"), told("dy"));
}

const kind = (a) => (a === 0 ? "ReLU" : a === 1 ? "no bend at all: each gate is open" : "leaky ReLU");
function changed() {
  const all = now.x.map((_, n) => n), count = { open: 0, ajar: 0, closed: 0 };
  for (const n of all) {
    const at = gate(now.x[n]), way = at === 0 ? "closed" : at === 1 ? "open" : "ajar";
    count[way] += 1;
    $(`gate${n}`).textContent = said(at);
    $(`door${n}`).textContent = way;
    $(`gate${n}`).closest(".gate").dataset.way = way;
    $(`y${n}`).textContent = said(y(n));
    $(`dx${n}`).textContent = said(dx(n));
  }
  $("left_said").textContent = `${said(now.left)}: ${kind(now.left)}`;
  $("left").setAttribute("aria-valuetext", $("left_said").textContent);
  const corner = now.x.some((x) => x === 0) ? " Where x is 0, the slope on the left is taken, as PyTorch's relu and leaky_relu do." : "";
  $("said").textContent = `${count.open} of ${all.length} gates are open${count.ajar ? `, ${count.ajar} ajar` : ""}.${corner}`;
  table($("numbers"), ["x", "gate", "y", "dL/dy", "dL/dx"],
    all.map((n) => [now.x[n], gate(now.x[n]), y(n), now.dy[n], dx(n)].map((value) => said(value))));
}

function begin() {
  Object.assign(now, { left: data.left, x: [...data.x], dy: [...data.dy] });
  $("left").value = now.left;
  $("gates").replaceChildren(...now.x.map((_, n) => built(n)));
  for (const name of ["x", "dy"]) {
    now[name].forEach((value, n) => field($(`${name}${n}`), $(`${name}_told${n}`), value, (next) => { now[name][n] = next; changed(); }));
  }
  changed();
}
$("left").addEventListener("input", () => { now.left = Number($("left").value); changed(); });
$("again").addEventListener("click", begin);
begin();
