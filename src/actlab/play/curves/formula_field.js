// A field for a formula: the catalogue behind it, and what is wrong underlined in it, in words below.
import { html, shortened } from "../page/dom.js";

const LONGEST_WORDS = 500, MOST_TYPED = 24000;  // a whole address may be pasted
const SPOKEN = 700;  // milliseconds without a key before a mistake is read out: while typing everything is one
let fieldsMade = 0;

// `search(words)` returns [{ name, summary }]; `changed(text)` is called at each change.
export function formulaField({ text, label, search, changed }) {
  const id = `formula${fieldsMade++}`;
  const input = html("input", {
    id, type: "text", role: "combobox", class: "formula", autocomplete: "off", autocapitalize: "off", autocorrect: "off", spellcheck: "false",
    "aria-expanded": "false", "aria-controls": `${id}list`, "aria-autocomplete": "list", "aria-describedby": `${id}wrong`, maxlength: MOST_TYPED,
  });
  const mirror = html("div", { class: "mirror", "aria-hidden": "true" });
  const list = html("ul", { id: `${id}list`, role: "listbox", "aria-label": "Catalogue", hidden: true });
  const open = html("button", { type: "button", class: "open", tabindex: -1, "aria-label": "Show the catalogue" }, "▾");
  const wrong = html("p", { id: `${id}wrong`, class: "wrong", hidden: true });
  const spoken = html("p", { class: "away", "aria-live": "polite" });
  const node = html("div", { class: "formula-field" },
    html("label", { for: id }, label), html("div", { class: "typed" }, input, mirror, open, list), wrong, spoken);
  let active = -1, timer = 0;
  input.value = text;

  const word = () => input.value.trim().match(/^[A-Za-z][\w -]+$/)?.[0] ?? "";  // what may be a name

  function show(entries) {
    active = -1;
    list.replaceChildren(...entries.map(({ name, summary }, at) => html("li", {
      id: `${id}option${at}`, role: "option", "aria-selected": "false", "data-name": name,
    }, html("b", {}, name), " ", html("span", {}, summary))));
    list.hidden = !entries.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    input.removeAttribute("aria-activedescendant");
  }

  function point(at) {
    const options = [...list.children];
    active = (at + options.length) % options.length;
    options.forEach((one, n) => one.setAttribute("aria-selected", String(n === active)));
    options[active].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", options[active].id);
  }

  function take(name) {
    input.value = name;
    show([]);
    input.focus();
    changed(name);
  }

  input.addEventListener("input", () => {
    const found = word() ? search(word()) : [];
    show(found[0]?.isExact ? [] : found.slice(0, 8));
    changed(input.value);
  });
  input.addEventListener("keydown", (event) => {
    const { key } = event;
    if ((key === "ArrowDown" || key === "ArrowUp") && list.hidden) show(search(word()));
    if (list.hidden) return;
    if (key === "ArrowDown") point(active + 1);
    else if (key === "ArrowUp") point(active < 0 ? -1 : active - 1);
    else if (key === "Enter" && active >= 0) take(list.children[active].dataset.name);
    else if (key === "Enter" || key === "Escape") show([]);
    else return;
    event.preventDefault();
  });
  input.addEventListener("blur", () => setTimeout(() => { if (!node.contains(document.activeElement)) show([]); }, 150));
  input.addEventListener("scroll", () => { mirror.scrollLeft = input.scrollLeft; });
  list.addEventListener("pointerdown", (event) => event.preventDefault());  // the field keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) take(option.dataset.name);
  });
  open.addEventListener("click", () => { const isOpen = !list.hidden; input.focus(); show(isOpen ? [] : search("")); });

  return {
    node, input,
    set(words) { if (input.value !== words) input.value = words; },

    // A mistake in words, and the characters it is about where they are known. `mend` is a text that has it mended.
    tell(error, message = "", mend = "") {
      input.setAttribute("aria-invalid", String(Boolean(error)));
      wrong.hidden = !error;
      clearTimeout(timer);
      if (!error) {
        for (const one of [mirror, wrong, spoken]) one.replaceChildren();
        return;
      }
      const [whole] = message.split("\n"), words = whole.length > LONGEST_WORDS ? `${whole.slice(0, LONGEST_WORDS)}...` : whole;
      const at = error.at ?? -1, value = input.value;
      wrong.replaceChildren(words, ...(mend ? [" ", html("button", { type: "button", onclick: () => take(mend) }, `Write ${shortened(mend)}`)] : []));
      mirror.replaceChildren(...(at < 0 ? [] : [
        value.slice(0, at), html("mark", {}, value.slice(at, at + (error.length || 1)) || " "), value.slice(at + (error.length || 1))]));
      mirror.scrollLeft = input.scrollLeft;
      timer = setTimeout(() => { spoken.textContent = words; }, SPOKEN);
    },
  };
}
