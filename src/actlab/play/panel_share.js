// To take with you: the page's address, and the same comparison on digits as a command and as experiment.toml.
import { commandOf, experimentOf } from "./command.js";
import { copyButton, html } from "./dom.js";

export function mountShare(place, store, addressOf) {
  const box = (label) => html("pre", { tabindex: 0, role: "region", "aria-label": label });
  const command = box("The command"), experiment = box("experiment.toml");
  const kept = (label, pre) => copyButton(label, () => pre.textContent);
  const none = html("p", { hidden: true }, "A command needs a function that is right: mend the first field.");
  const right = html("div", {},
    html("p", {}, "The same on real data, handwritten digits, with seeds, intervals and a verdict; needs actlab:"),
    html("div", { class: "row" }, command, kept("Copy the command", command)),
    html("details", {}, html("summary", {}, "As experiment.toml"), html("div", { class: "row" }, experiment, kept("Copy the file", experiment))));
  place.append(
    html("h2", {}, "To take with you"),
    html("p", {}, copyButton("Copy the link", addressOf), " It holds all that is set on this page, and opens the same again. The last digits of exp, tanh and the like differ between browsers' engines, and with them what is trained."),
    right, none);

  function show() {
    const [meaning] = store.meanings();
    right.hidden = !meaning;
    none.hidden = Boolean(meaning);
    if (!meaning) return;
    const setup = { activations: [{ meaning, parameters: meaning.parameters }] };
    command.textContent = commandOf(setup);
    experiment.textContent = experimentOf(setup);
  }
  store.watch(["curves"], show);
  show();
}
