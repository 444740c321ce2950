// The page: its panels on one store, and the store's part that links share in the address.
import { CURVE_FIELDS, mountCurves } from "./panel_curves.js";
import { JUDGE_FIELDS, mountJudge } from "./panel_judge.js";
import { mountTrain } from "./panel_train.js";
import { fromHash, toHash } from "./state.js";
import { createStore } from "./store.js";
import { TRAIN_FIELDS } from "./train_fields.js";

const embedded = JSON.parse(document.getElementById("made").textContent);
const FIELDS = { ...CURVE_FIELDS, ...TRAIN_FIELDS, ...JUDGE_FIELDS };
if (embedded) FIELDS.curves = { ...FIELDS.curves, default: [embedded.text] };
const { values: begun, told: hashTold } = fromHash(location.hash, FIELDS);
const store = createStore({ ...begun, train: 0 });

function tell(words) {
  const line = document.getElementById("told");
  line.textContent = words;
  line.hidden = !words;
}

tell(hashTold);
for (const [id, mount] of [["curves", mountCurves], ["train", mountTrain], ["judge", mountJudge]]) {
  mount(document.getElementById(id), store);
}

// The address follows the state without new entries in the history; one that is typed or gone back to is taken over.
store.watch(Object.keys(FIELDS), () => {
  const hash = toHash(store.state, FIELDS);
  if (hash !== location.hash) history.replaceState(null, "", hash || location.pathname + location.search);
});
addEventListener("hashchange", () => {
  const { values, told } = fromHash(location.hash, FIELDS);
  tell(told);
  store.set(values);
});
document.body.dataset.state = "ready";
