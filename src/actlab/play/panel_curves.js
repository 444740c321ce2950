// The function: its field, its curve, and what it is like.
const readCurves = (text) => {
  const curves = text.split(";").map((one) => one.trim()).filter(Boolean);
  return curves.length && curves.length <= 8 && text.length <= 4000 ? curves : undefined;
};

export const CURVE_FIELDS = {
  curves: { short: "f", default: ["x*tanh(softplus(x))"], read: readCurves, write: (curves) => curves.join(";") },
};

export function mountCurves(place, store) {
  const field = document.createElement("input");
  field.setAttribute("aria-label", "f(x) =");
  field.value = store.state.curves[0];
  field.addEventListener("input", () => store.set({ curves: [field.value, ...store.state.curves.slice(1)] }));
  const go = document.createElement("button");
  go.textContent = "Train beside relu";
  go.addEventListener("click", () => store.set({ train: store.state.train + 1 }));
  place.append(field, go);
}
