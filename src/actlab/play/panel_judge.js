// The function judged: what is wrong with it, which it is, and what only `actlab check` can tell.
export const JUDGE_FIELDS = {};

export function mountJudge(place, store) {}
