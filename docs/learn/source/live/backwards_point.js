// A point on a curve: forward by it, back by it.
import { CURVES } from "./curves.js";
import { html, said, svg } from "./page/dom.js";
import { $, axes, data, drawn, field, line, scale, table, words } from "./live.js";

const now = { f: data.f, x: data.x, dy: data.dy };
const ENDS = [-6, 6];
for (const name of Object.keys(CURVES)) $("f").append(html("option", { value: name }, name));
$("f").value = now.f;
$("x").value = now.x;

const way = (corners, css) => {
  const [[x0, y0], [x1, y1], [x2, y2]] = corners;
  const right = Math.sign(x2 - x1), down = Math.sign(y2 - y1);
  const head = `M${x2} ${y2}l${-8 * right - 4 * down} ${-8 * down - 4 * right}l${8 * down} ${8 * right}z`;
  return svg("g", { class: css }, line([[x0, y0], [x1, y1], [x2 - 7 * right, y2 - 7 * down]]), svg("path", { d: head, class: "head" }));
};
const bold = (x, y, text, css, anchor = "start") => words(x, y, text, { class: `bold ${css}`, "text-anchor": anchor });

let across = scale(...ENDS, 0, 1), back = across;
function draw(width) {
  const { f, slope } = CURVES[now.f], { x, dy } = now, y = f(x), at = slope(x);
  const left = 44, right = width - 12, top = 8, foot = 248, top2 = 300, foot2 = 400;
  const fine = Array.from({ length: 481 }, (_, n) => -6 + n / 40), values = fine.map(f);
  const low = Math.min(...values), high = Math.max(...values), room = 0.14 * (high - low);
  across = scale(...ENDS, left, right);
  back = scale(left, right, ...ENDS);
  const up = scale(low - room, high + room, foot, top), up2 = scale(-0.3, 1.3, foot2, top2);
  const ticks = [-6, -4, -2, 0, 2, 4, 6].map((n) => [n, String(n)]);
  const ups = (high - low > 3 ? [0, 2, 4, 6] : [-1, -0.5, 0, 0.5, 1]).filter((n) => n > low - room && n < high + room);
  const px = across(x), py = up(y), far = px - left > 120, beside = far ? left + 8 : px + 14;
  const ends = ENDS.map((end) => [across(end), up(y + at * (end - x))]);
  const steps = fine.map((one, n) => [across(one), n && Math.abs(slope(one) - slope(fine[n - 1])) > 0.3 ? NaN : up2(slope(one))]);
  const mid = (half) => Math.min(Math.max(px, left + half), right - half);
  $("plot").replaceChildren(
    svg("svg", { class: "hand", viewBox: `0 0 ${width} 424`, height: 424, "aria-hidden": "true" },
      svg("clipPath", { id: "inside" }, svg("rect", { x: left, y: top, width: right - left, height: foot - top })),
      axes(across, up, [left, right, top, foot], ticks, ups.map((n) => [n, String(n)]), false),
      axes(across, up2, [left, right, top2, foot2], ticks, [[0, "0"], [0.5, "0.5"], [1, "1"]]),
      svg("g", { "clip-path": "url(#inside)" },
        line(fine.map((one, n) => [across(one), up(values[n])]), { class: "curve" }),
        line(ends, { class: "tangent" })),
      way([[px - 5, foot], [px - 5, py - 5], [left, py - 5]], "forward"),
      way([[left, py + 7], [px + 7, py + 7], [px + 7, foot]], "back"),
      svg("circle", { class: "point", cx: px, cy: py, r: 9 }),
      bold(beside, py - 14, `y = ${said(y)}`, "forward"),
      bold(beside, py + 25, `dL/dy = ${said(dy)}`, "back"),
      bold(mid(32), foot + 17, `x = ${x.toFixed(2)}`, "forward", "middle"),
      bold(mid(60), foot + 35, `dL/dx = ${said(dy * at)}`, "back", "middle"),
      line(steps, { class: "curve" }),
      line([[px, up2(0)], [px, up2(at)]], { class: "tangent" }),
      svg("circle", { class: "point", cx: px, cy: up2(at), r: 6 }),
      bold(mid(44), up2(at) - 10, `slope ${said(at)}`, "", "middle"),
    ),
  );
  $("x").style.width = `${right - left + 16}px`;  // its thumb is 16 wide, and stands below the point
  $("x").setAttribute("aria-valuetext", x.toFixed(2));
}

function goesBack(at) {
  if (at === 1) return "All of what comes in goes on.";
  if (at === 0) return "Nothing of what comes in goes on.";
  if (at < 0) return "The sign turns: of x and y one makes L rise where it grows, the other makes it fall.";
  const part = said(100 * at);
  return `${part}% of what comes in goes on${part > 100 ? ": more than all." : "."}`;
}

function tell() {
  const { f, slope, corner } = CURVES[now.f], { x, dy } = now, at = slope(x), [first, second] = $("said").children;
  first.replaceChildren(
    html("span", { class: "back" }, `dL/dx = dL/dy * slope = ${said(dy)} * ${said(at)} = ${said(dy * at)}`));
  const kink = corner && x === 0 ? ` A corner: slope ${said(corner[0])} on the left, ${said(corner[1])} on the right; PyTorch takes ${said(at)}.` : "";
  second.textContent = goesBack(at) + kink;
  const rows = [...new Set([-6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, x])].sort((a, b) => a - b);
  table($("numbers"), ["x", "y", "slope", "dL/dx"],
    rows.map((one) => [said(one), said(f(one)), said(slope(one)), said(dy * slope(one))]), (row) => rows[row] === x);
}

const redraw = drawn(draw, $("plot"));
const changed = () => { tell(); redraw(); };
$("f").addEventListener("input", () => { now.f = $("f").value; changed(); });
$("x").addEventListener("input", () => { now.x = Number($("x").value); changed(); });
field($("dy"), $("told"), now.dy, (value) => { now.dy = value; changed(); });

// The hand moves the slider: its steps, its ends.
const plot = $("plot");
function follow(event) {
  $("x").value = back(event.clientX - plot.getBoundingClientRect().left);
  now.x = Number($("x").value);
  changed();
}
plot.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  plot.setPointerCapture(event.pointerId);
  $("x").focus({ preventScroll: true });
  event.preventDefault();  // no text is marked, the focus stays
  follow(event);
});
plot.addEventListener("pointermove", (event) => { if (plot.hasPointerCapture(event.pointerId)) follow(event); });
changed();
