
// ---- pi: an extension, loaded with `--extension`.
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Errors after which pi retries: a copy of its own pattern (0.73.1). */
const RETRYABLE =
  /overloaded|provider.?returned.?error|rate.?limit|too many requests|429|500|502|503|504|service.?unavailable|server.?error|internal.?error|network.?error|connection.?error|connection.?refused|connection.?lost|websocket.?closed|websocket.?error|other side closed|fetch failed|upstream.?connect|reset before headers|socket hang up|ended without|http2 request did not get a response|timed? out|timeout|terminated|retry delay/i;
/** How much later than its delay pi may retry. */
const RETRY_GRACE_MS = 2000;
/** The timeout of a compaction: pi sends no event when one fails. */
const COMPACTION_TIMEOUT_MS = 180_000;
/** The time in which pi may continue the turn after a compaction. */
const CONTINUE_TIMEOUT_MS = 500;
const ESCAPE = /^\x1b(?:\[27(?:;\d+(?::\d+)?)?u)?$/;

/** pi's retry settings, which are not part of its events. */
function retrySettings(cwd) {
  const settings = { enabled: true, maxRetries: 3, baseDelayMs: 2000 };
  const agent = process.env.PI_CODING_AGENT_DIR || join(homedir(), ".pi", "agent");
  for (const directory of [agent, join(cwd, ".pi")]) {
    try {
      Object.assign(settings, JSON.parse(readFileSync(join(directory, "settings.json"), "utf8")).retry);
    } catch {}
  }
  return settings;
}

/** The name of a model. pi uses the provider `unknown` if no model is set. */
function modelName(model) {
  return model && model.provider !== "unknown" ? `${model.provider}/${model.id}` : "";
}

/** Whether pi has a model and a key for the next prompt. */
function readiness(ctx) {
  if (!modelName(ctx.model)) return { state: "waiting", reason: "login: no model is set up" };
  if (ctx.modelRegistry?.hasConfiguredAuth?.(ctx.model) === false) {
    return { state: "waiting", reason: `login: no API key for ${ctx.model.provider}` };
  }
  return { state: "idle" };
}

export default function (pi) {
  const report = sharedReporter();
  if (!report) return;
  let model = "";
  let prompt = "";
  let attempts = 0;
  let shown = { state: "idle" };
  /** Cancels the pending fallback state. */
  let cancelFallback = () => {};

  const on = (name, handle) =>
    pi.on(name, (event, ctx) => {
      try {
        model = modelName(ctx?.model) || model;
        handle(event, ctx);
      } catch {}
    });
  const show = (now) => {
    cancelFallback();
    shown = now;
    report(reportArguments(now.state, { reason: now.reason, model, prompt }));
  };
  /**
   * Shows `fallback` after `delay`, unless another state is shown before. `listen` can register a listener for the
   * time until then, and returns a function that removes it.
   */
  const showAfter = (delay, fallback, listen = () => undefined) => {
    cancelFallback();
    const timer = setTimeout(() => show(fallback), delay);
    timer.unref?.();
    let stop;
    try {
      stop = listen();
    } catch {}
    cancelFallback = () => {
      cancelFallback = () => {};
      clearTimeout(timer);
      try {
        stop?.();
      } catch {}
    };
  };

  on("session_start", (_event, ctx) => show(readiness(ctx)));
  on("model_select", (event, ctx) => {
    model = modelName(event.model);
    const { modelRegistry } = ctx;
    if (ctx.isIdle() && shown.state !== "working") show(readiness({ model: event.model, modelRegistry }));
  });
  // Without a key, this is the only event for a prompt.
  on("input", (_event, ctx) => {
    const now = readiness(ctx);
    if (now.state !== "idle" && ctx.isIdle()) show(now);
  });
  on("before_agent_start", (event) => {
    attempts = 0;
    prompt = event.prompt;
    show({ state: "working" });
  });
  on("agent_start", () => show({ state: "working" }));
  on("message_end", ({ message }) => {
    if (message.role === "assistant" && message.stopReason !== "error") attempts = 0;
  });
  on("agent_end", ({ messages }, ctx) => {
    const last = messages.findLast((message) => message.role === "assistant");
    if (last?.stopReason !== "error") return show({ state: "idle" });
    const failure = verdict(0, last.errorMessage);
    const { enabled, maxRetries, baseDelayMs } = retrySettings(ctx.cwd);
    if (!enabled || attempts >= maxRetries || !RETRYABLE.test(last.errorMessage ?? "")) {
      attempts = 0;
      return show(failure);
    }
    const delay = baseDelayMs * 2 ** attempts++;
    // pi sends no event when the user cancels a retry with Escape.
    showAfter(delay + RETRY_GRACE_MS, failure, () =>
      ctx.ui.onTerminalInput((keys) => {
        if (!ESCAPE.test(keys)) return;
        attempts = 0;
        show({ state: "idle" });
      }),
    );
  });
  on("session_before_compact", ({ signal }) => {
    const before = shown.state === "working" ? { state: "idle" } : shown;
    show({ state: "working" });
    showAfter(COMPACTION_TIMEOUT_MS, before, () => {
      const abort = () => show(before);
      signal?.addEventListener("abort", abort, { once: true });
      return () => signal?.removeEventListener("abort", abort);
    });
  });
  on("session_compact", () => showAfter(CONTINUE_TIMEOUT_MS, { state: "idle" }));
  on("session_shutdown", () => cancelFallback());
}
