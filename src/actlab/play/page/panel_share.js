// To take with you: the page's address, and the same comparison on digits as a command and as experiment.toml.
import { commandOf, experimentOf, notTheSame } from "../language/command.js";
import { copyButton, html } from "./dom.js";
import { understood } from "../numbers/functions.js";

const SETTINGS_BY_KEY = { layers: "widths", rate: "rate", batch: "batch", rule: "rule", start: "start" };

// What the command says: the functions that are right, and of the training's settings those that were changed.
function setupOf({ state, meanings }, fields) {
  understood(state.curves[0]);  // without the first there is no command
  const isChanged = (key) => fields[key] && fields[key].write(state[key]) !== fields[key].write(fields[key].default);
  const settings = Object.entries(SETTINGS_BY_KEY).filter(([key]) => isChanged(key)).map(([key, name]) => [name, state[key]]);
  const activations = meanings().map((meaning) => ({ meaning, parameters: meaning.parameters }));
  if (!isChanged("each")) return { activations, ...Object.fromEntries(settings) };
  const layered = state.layers.map((_, at) => (state.each[at] ? understood(state.each[at]) : activations[0].meaning));
  activations[0] = layered.map((meaning) => ({ meaning, parameters: meaning.parameters }));
  return { activations, ...Object.fromEntries(settings), widths: state.layers };
}

// A page from disk has an address that only this machine knows: the part from # on opens the same in any copy of the file.
function linkOf(addressOf) {
  if (location.protocol !== "file:") return [copyButton("Copy the link", addressOf)];
  return [
    copyButton("Copy the part from #", () => `#${addressOf().split("#")[1] ?? "v=1"}`), " ", copyButton("Copy the whole address", addressOf),
    " This page is a file on your machine: send the file along. In any copy of it the part from # on, pasted into the field of the formula " +
      "or put behind the address, opens the same.",
  ];
}

export function mountShare(place, store, fields, addressOf) {
  const box = (label) => html("pre", { tabindex: 0, role: "region", "aria-label": label });
  const command = box("The command"), experiment = box("experiment.toml"), differs = html("p");
  const kept = (label, pre) => copyButton(label, () => pre.textContent);
  const none = html("p", { hidden: true }, "A command needs a function that is right: mend the field first.");
  const right = html("div", {},
    html("p", {}, "The same on real data, handwritten digits, with seeds, intervals and a verdict; needs actlab, the Python package that this page comes from; its README says how it is set up:"),
    html("div", { class: "row" }, command, kept("Copy the command", command)), differs,
    html("details", {}, html("summary", {}, "As experiment.toml"), html("div", { class: "row" }, experiment, kept("Copy the file", experiment))));
  place.append(
    html("h2", {}, "To take with you"),
    html("p", {}, ...linkOf(addressOf), " It holds all that is set on this page. Training begins anew from step 0, and gives the same numbers again. ",
      "The last digits of exp, tanh and the like differ between browsers' engines, and with them what is trained."),
    right, none);

  function show() {
    let setup = null;
    try {
      setup = setupOf(store, fields);
    } catch {  // it, or a layer's function, is not right
    }
    right.hidden = !setup;
    none.hidden = !right.hidden;
    if (right.hidden) return;
    command.textContent = commandOf(setup);
    experiment.textContent = experimentOf(setup);
    differs.textContent = notTheSame(setup);
  }
  store.watch(["curves", "each", ...Object.keys(SETTINGS_BY_KEY)], show);
  show();
}
