
// ---- pi: an extension, loaded by `--extension`.
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The errors after which pi retries by itself. The pattern is pi's own (0.73.1). */
const RETRIED =
  /overloaded|provider.?returned.?error|rate.?limit|too many requests|429|500|502|503|504|service.?unavailable|server.?error|internal.?error|network.?error|connection.?error|connection.?refused|connection.?lost|websocket.?closed|websocket.?error|other side closed|fetch failed|upstream.?connect|reset before headers|socket hang up|ended without|http2 request did not get a response|timed? out|timeout|terminated|retry delay/i;
/** How much later than announced pi may retry. */
const RETRY_GRACE_MS = 2000;
/** The longest duration of a compaction. pi has no event for a failed one. */
const COMPACTION_MS = 180_000;
/** After a compaction pi may continue the turn within this time. */
const CONTINUE_MS = 500;
const ESCAPE = /^\x1b(?:\[27(?:;\d+(?::\d+)?)?u)?$/;

/** Reads pi's settings for retries, which no event contains. */
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

/** Returns the name of a model; pi calls a missing one `unknown`. */
function nameOf(model) {
  return model && model.provider !== "unknown" ? `${model.provider}/${model.id}` : "";
}

/** Returns whether the next prompt can be answered. */
function readiness(ctx) {
  if (!nameOf(ctx.model)) return { state: "waiting", reason: "login: no model is set up" };
  if (ctx.modelRegistry?.hasConfiguredAuth?.(ctx.model) === false) {
    return { state: "waiting", reason: `login: no API key for ${ctx.model.provider}` };
  }
  return { state: "idle" };
}

export default function (pi) {
  const report = reporter();
  if (!report) return;
  let model = "";
  let prompt = "";
  let attempts = 0;
  let shown = { state: "idle" };
  /** Ends the wait for pi's next action. */
  let settle = () => {};

  const on = (name, handle) =>
    pi.on(name, (event, ctx) => {
      try {
        model = nameOf(ctx?.model) || model;
        handle(event, ctx);
      } catch {}
    });
  const show = (now) => {
    settle();
    shown = now;
    report(words(now.state, { reason: now.reason, model, prompt }));
  };
  /** Reports `otherwise` if nothing happens for `delay` ms. `also` subscribes to an event, and returns how to unsubscribe. */
  const unless = (delay, otherwise, also = () => undefined) => {
    settle();
    const timer = setTimeout(() => show(otherwise), delay);
    timer.unref?.();
    let stop;
    try {
      stop = also();
    } catch {}
    settle = () => {
      settle = () => {};
      clearTimeout(timer);
      try {
        stop?.();
      } catch {}
    };
  };

  on("session_start", (_event, ctx) => show(readiness(ctx)));
  on("model_select", (event, ctx) => {
    model = nameOf(event.model);
    const { modelRegistry } = ctx;
    if (ctx.isIdle() && shown.state !== "working") show(readiness({ model: event.model, modelRegistry }));
  });
  // Without an API key, this is the only event of a prompt.
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
    const otherwise = verdict(0, last.errorMessage);
    const { enabled, maxRetries, baseDelayMs } = retrySettings(ctx.cwd);
    if (!enabled || attempts >= maxRetries || !RETRIED.test(last.errorMessage ?? "")) {
      attempts = 0;
      return show(otherwise);
    }
    const delay = baseDelayMs * 2 ** attempts++;
    // There is no event for a retry that a person cancels.
    unless(delay + RETRY_GRACE_MS, otherwise, () =>
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
    unless(COMPACTION_MS, before, () => {
      const abort = () => show(before);
      signal?.addEventListener("abort", abort, { once: true });
      return () => signal?.removeEventListener("abort", abort);
    });
  });
  on("session_compact", () => unless(CONTINUE_MS, { state: "idle" }));
  on("session_shutdown", () => settle());
}
