// What a worker can be asked for, and how it answers: all that is reached from here touches no page.
export const JOBS = {
  echo: (args) => args,
};

// Answers { job, args } with { told } along the way, and { done } or { failed } at the end.
export function serve(scope) {
  scope.onmessage = async ({ data: { job, args } }) => {
    try {
      scope.postMessage({ done: await JOBS[job](args, (told) => scope.postMessage({ told })) });
    } catch (error) {
      scope.postMessage({ failed: { message: error.message, at: error.at, length: error.length } });
    }
  };
}
