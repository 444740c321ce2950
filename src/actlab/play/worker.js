// What a worker can be asked for, and how it answers: all that is reached from here touches no page.
import { measureDepth, measureFunction } from "./measures.js";
import { embed } from "./numbers/functions.js";
import { trainSeeds } from "./training/seeds.js";
import { judgeFunction } from "./judging/verdict.js";

export const JOBS = {
  echo: (args) => args,
  judgeFunction,
  measureDepth,
  measureFunction,
  trainSeeds,
};

// Answers { job, args, forms } with { told } along the way, and { done } or { failed } at the end.
export function serve(scope) {
  scope.onmessage = async ({ data: { job, args, forms } }) => {
    try {
      embed(forms);
      scope.postMessage({ done: await JOBS[job](args, (told) => scope.postMessage({ told })) });
    } catch (error) {
      scope.postMessage({ failed: { message: error.message, at: error.at, length: error.length } });
    }
  };
}
