// What the page's parts share: one state, changed by `set`, watched by key. Watchers run once a change, in one frame.
import { understood } from "../numbers/functions.js";

export function createStore(initial) {
  const watchers = [], state = { ...initial };
  let changed = new Set(), known = [];
  const run = () => {
    const keys = changed;
    changed = new Set();
    for (const [watched, fn] of watchers) if (watched.some((key) => keys.has(key))) fn(state, keys);
  };
  return {
    state,

    // Keys with their new values; who watches one of them is told before the next frame.
    set(changes) {
      for (const [key, value] of Object.entries(changes)) {
        if (Object.is(state[key], value)) continue;
        state[key] = value;
        if (!changed.size) queueMicrotask(run);
        changed.add(key);
      }
    },

    watch(keys, fn) { watchers.push([keys, fn]); },

    // The meanings of the curves that are right.
    meanings() {
      if (known.curves !== state.curves) {
        known = state.curves.map(meaningOf).filter(Boolean);
        known.curves = state.curves;
      }
      return known;
    },

    // That of THE function, the first of them; null where it has a mistake.
    first: () => meaningOf(state.curves[0]),
  };
}

function meaningOf(text) {
  try {
    return understood(text);
  } catch {
    return null;
  }
}
