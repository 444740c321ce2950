// The page: its panels on one store, and the store's part that links share in the address.
import { embed } from "./numbers/functions.js";
import { CURVE_FIELDS, mountCurves } from "./curves/panel_curves.js";
import { mountDepth } from "./page/panel_depth.js";
import { JUDGE_FIELDS, mountJudge } from "./page/panel_judge.js";
import { mountShare } from "./page/panel_share.js";
import { mountTrain } from "./trainer/panel_train.js";
import { fromHash, toHash } from "./page/state.js";
import { createStore } from "./page/store.js";
import { TRAIN_FIELDS } from "./trainer/train_fields.js";

const REST = 300;  // milliseconds: browsers take only so many addresses a second
const embedded = JSON.parse(document.getElementById("made").textContent);
const FIELDS = { ...CURVE_FIELDS, ...TRAIN_FIELDS, ...JUDGE_FIELDS };
embed(embedded?.forms);
if (embedded) FIELDS.curves = { ...FIELDS.curves, default: [embedded.text] };
const begun = fromHash(location.hash, FIELDS);
const store = createStore({ ...begun.values, train: 0, why: 0, judged: "", rival: "relu" });
const section = (id) => document.getElementById(id);

function tell(words) {
  section("told").textContent = words;
  section("told").hidden = !words;
}

// The address follows the state without entries in the history; one that is typed or gone back to is taken over.
const hashNow = () => toHash(store.state, FIELDS);
let resting = 0;
function follow() {
  clearTimeout(resting);
  resting = setTimeout(() => {
    if (hashNow() !== location.hash) history.replaceState(null, "", hashNow() || location.pathname + location.search);
  }, REST);
}
store.watch(Object.keys(FIELDS), follow);
store.watch(["train"], () => section("train").scrollIntoView());
store.watch(["why"], () => section("judge").scrollIntoView());
addEventListener("hashchange", () => {
  const { values, told } = fromHash(location.hash, FIELDS);
  tell(told);
  store.set(values);
});

tell(begun.told);
mountCurves(section("curves"), store);
mountTrain(section("train"), store);
mountDepth(section("depth"), store);
mountJudge(section("judge"), store);
mountShare(section("share"), store, FIELDS, () => location.href.split("#")[0] + hashNow());
document.body.dataset.state = "ready";
