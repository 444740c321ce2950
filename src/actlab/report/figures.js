// What drawings do for a reader: values beside the mouse or under the arrow keys, activations shown and hidden.
// Without this script all of a page is there and right; nothing here draws.
"use strict";
(() => {
  const root = document.documentElement;
  const box = document.createElement("div");  // of the values
  box.id = "tip";
  box.setAttribute("role", "status");
  box.hidden = true;
  document.body.append(box);
  const hidden = new Set();  // activations
  const colours = new Map();
  const chips = [...document.querySelectorAll("button[data-arm]")];
  for (const chip of chips) colours.set(chip.dataset.arm, chip.style.getPropertyValue("--tint"));
  const ofArm = (arm) => document.querySelectorAll(`[data-arm="${CSS.escape(arm)}"]:not(button)`);

  // The values of a mark: a line each; "arm<tab>text" has the arm's colour, and is left out while it is hidden.
  function tell(mark, x, y) {
    box.replaceChildren();
    for (const line of mark.dataset.tip.split("\n")) {
      const end = line.lastIndexOf("\t");  // a name may have one as well
      const arm = line.slice(0, Math.max(0, end)), said = line.slice(end + 1);
      if (hidden.has(arm)) continue;
      const row = document.createElement("div");
      if (arm) {
        const dot = document.createElement("span");
        dot.className = "dot";
        dot.style.background = colours.get(arm) || "currentColor";
        row.append(dot, arm.length > 34 ? `${arm.slice(0, 33)}… ` : `${arm} `);
      }
      row.append(said);
      box.append(row);
    }
    box.hidden = false;
    const { width, height } = box.getBoundingClientRect();
    const beside = x + 16 + width < innerWidth ? x + 16 : x - 16 - width;
    box.style.left = `${Math.max(4, Math.min(beside, innerWidth - width - 4))}px`;
    box.style.top = `${Math.max(4, Math.min(y + 16, innerHeight - height - 4))}px`;
    mark.ownerSVGElement.querySelectorAll(".at").forEach((old) => old.classList.remove("at"));
    mark.classList.add("at");
  }

  function silent() {
    box.hidden = true;
    document.querySelectorAll(".at").forEach((mark) => mark.classList.remove("at"));
  }

  const markOf = (target) => target.closest?.("svg [data-tip]");
  document.addEventListener("pointermove", (event) => {
    const mark = markOf(event.target);
    if (mark) tell(mark, event.clientX, event.clientY);
    else if (event.pointerType === "mouse" && !box.hidden && !document.activeElement?.matches?.("svg")) silent();
  });
  document.addEventListener("pointerdown", (event) => {
    const mark = markOf(event.target);
    if (mark) tell(mark, event.clientX, event.clientY);
    else silent();
  });
  addEventListener("scroll", silent, { passive: true, capture: true });

  // A drawing with marks is reached by Tab; arrows go from mark to mark, Escape ends it.
  for (const drawing of document.querySelectorAll("svg.drawing")) {
    if (drawing.parentElement.closest("svg") || !drawing.querySelector("[data-tip]")) continue;
    const strips = drawing.querySelectorAll(".hit");
    const shown = () => [...(strips.length ? strips : drawing.querySelectorAll("[data-tip]"))].filter(
      (mark) => !mark.closest(".off, .seeds, .faded"));
    let place = -1;
    drawing.setAttribute("tabindex", "0");
    drawing.addEventListener("keydown", (event) => {
      const marks = shown();
      const to = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: marks.length - 1 }[event.key];
      if (event.key === "Escape") silent();
      if (to === undefined || !marks.length || event.target !== drawing) return;
      event.preventDefault();
      place = Math.max(0, Math.min(to, marks.length - 1));
      const at = marks[place].getBoundingClientRect();
      tell(marks[place], at.left + at.width / 2, Math.min(at.top + at.height / 2, at.top + 60));
    });
    drawing.addEventListener("blur", silent);
  }

  // Buttons of the activations: a click shows or hides one, with Shift or by a double click it alone is left.
  function show(arm, on) {
    (on ? hidden.delete(arm) : hidden.add(arm));
    chips.filter((chip) => chip.dataset.arm === arm).forEach((chip) => chip.setAttribute("aria-pressed", String(on)));
    ofArm(arm).forEach((mark) => mark.classList.toggle("off", !on));
  }
  const alone = (arm) => colours.forEach((_, other) => show(other, other === arm));
  for (const chip of chips) {
    const arm = chip.dataset.arm;
    const near = (on) => ofArm(arm).forEach((mark) => mark.classList.toggle("near", on));
    chip.addEventListener("click", (event) => (event.shiftKey ? alone(arm) : show(arm, hidden.has(arm))));
    chip.addEventListener("dblclick", () => alone(arm));
    for (const name of ["pointerenter", "focus"]) chip.addEventListener(name, () => near(true));
    for (const name of ["pointerleave", "blur"]) chip.addEventListener(name, () => near(false));
  }
  for (const button of document.querySelectorAll("button[data-all]")) {
    button.addEventListener("click", () => colours.forEach((_, arm) => show(arm, button.dataset.all !== "")));
  }

  // Folds are open on paper, where no one can open them.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details.print:not([open])")];
    closed.forEach((fold) => (fold.open = true));
  });
  addEventListener("afterprint", () => closed.forEach((fold) => (fold.open = false)));
  root.dataset.ready = "yes";
})();
