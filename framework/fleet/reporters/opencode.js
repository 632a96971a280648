
// ---- opencode: a plugin, loaded by its configuration.

/** opencode retries forever. From this attempt on, about a minute after the first, the agent counts as blocked. */
const BLOCKED_ATTEMPT = 5;
/** It also counts as blocked if the next attempt is later than this. */
const BLOCKED_DELAY_MS = 120_000;
/** The maximum number of remembered sessions. */
const MAX_SESSIONS = 1000;

/** The state of all sessions of this process. Every directory has its own instance of the plugin. */
function createAgent(report) {
  const busy = new Set();
  const stuck = new Map();
  const errors = new Map();
  const children = new Set();
  const asks = new Map();
  let model = "";
  let prompt = "";

  const state = () => {
    // A question of a subagent blocks its parent too.
    const [ask] = [...asks.values()].slice(-1);
    if (ask) return { state: "waiting", reason: ask.reason };
    const [blocked] = stuck.values();
    if (blocked) return blocked;
    if (busy.size) return { state: "working" };
    // The parent handles the error of a subagent.
    return [...errors].findLast(([session]) => !children.has(session))?.[1] ?? { state: "idle" };
  };
  return {
    children,
    show() {
      const now = state();
      report(reportArguments(now.state, { reason: now.reason, model, prompt }));
    },
    promptReceived(newModel, text) {
      model = newModel || model;
      prompt = text || prompt;
    },
    addChild(session) {
      if (children.size < MAX_SESSIONS) children.add(session);
    },
    started(session) {
      if (busy.size < MAX_SESSIONS) busy.add(session);
    },
    retrying(session, what) {
      busy.add(session);
      if (what) stuck.set(session, what);
    },
    /** An answer arrives. Returns whether the session was stuck. */
    answering(session) {
      return stuck.delete(session);
    },
    /** A new prompt clears the errors of all sessions. */
    clearErrors() {
      errors.clear();
    },
    failed(session, what) {
      errors.delete(session);
      if (what && errors.size < MAX_SESSIONS) errors.set(session, what);
    },
    /** The session is idle, and its open questions are void. */
    ended(session) {
      busy.delete(session);
      stuck.delete(session);
      for (const [id, ask] of asks) if (ask.session === session) asks.delete(id);
    },
    forget(session) {
      this.ended(session);
      errors.delete(session);
      children.delete(session);
    },
    questionAsked(id, session, reason) {
      if (asks.size < MAX_SESSIONS) asks.set(id, { session, reason });
    },
    questionAnswered(id) {
      asks.delete(id);
    },
  };
}

/** The state of a session that retries; null if it is still working. */
function retryVerdict({ attempt, message, action, next }) {
  if (action) return { state: "waiting", reason: `usage limit: ${oneLine(action.message || message, 150)}` };
  const isBlocked = attempt >= BLOCKED_ATTEMPT || next - Date.now() > BLOCKED_DELAY_MS;
  return isBlocked ? verdict(0, message) : null;
}

/** The state after an error; null if the user aborted the turn. */
function errorVerdict(error) {
  const { message, statusCode, responseBody } = error?.data ?? {};
  if (!error || error.name === "MessageAbortedError") return null;
  if (error.name === "ProviderAuthError") return { state: "waiting", reason: `login: ${oneLine(message, 150)}` };
  return verdict(statusCode, message || responseBody || error.name);
}

function handle(agent, own, { type, properties: it }) {
  switch (type) {
    case "session.created":
    case "session.updated":
      if (it.info?.parentID) agent.addChild(it.info.id);
      return;
    case "session.status": {
      const { type, ...retry } = it.status;
      own.add(it.sessionID);
      if (type === "idle") agent.ended(it.sessionID);
      else if (type === "retry") agent.retrying(it.sessionID, retryVerdict(retry));
      else agent.started(it.sessionID);
      break;
    }
    case "session.error":
      if (it.sessionID) agent.failed(it.sessionID, errorVerdict(it.error));
      break;
    // These events are very frequent.
    case "message.part.delta":
      if (!agent.answering(it.sessionID)) return;
      break;
    case "message.part.updated":
      if (it.part?.type !== "tool" || !agent.answering(it.part.sessionID)) return;
      break;
    case "permission.asked":
      agent.questionAsked(it.id, it.sessionID, `permission: ${oneLine(it.permission, 60)}`);
      break;
    case "question.asked":
      agent.questionAsked(it.id, it.sessionID, `question: ${oneLine(it.questions?.[0]?.question, 150)}`);
      break;
    case "permission.replied":
    case "question.replied":
    case "question.rejected":
      agent.questionAnswered(it.requestID);
      break;
    case "session.deleted":
      agent.forget(it.info?.id ?? it.sessionID);
      break;
    default:
      return;
  }
  agent.show();
}

const ignoreErrors =
  (act) =>
  async (...given) => {
    try {
      act(...given);
    } catch {}
  };

const server = async () => {
  const report = sharedReporter();
  if (!report) return {};
  // Shared by all directories: a newly opened, idle directory must not hide one that is working.
  const agent = (globalThis[Symbol.for("mosaic.fleet.opencode")] ??= createAgent(report));
  const own = new Set();
  agent.show();
  return {
    config: ignoreErrors((config) => {
      agent.promptReceived(config.model, "");
      agent.show();
    }),
    event: ignoreErrors(({ event }) => handle(agent, own, event)),
    "chat.message": ignoreErrors(({ sessionID, model }, { message, parts }) => {
      if (agent.children.has(sessionID)) return;
      const { providerID, modelID } = model ?? message.model;
      agent.promptReceived(`${providerID}/${modelID}`, parts.find((part) => part.type === "text" && !part.synthetic)?.text);
      agent.clearErrors();
      agent.show();
    }),
    // An opencode that is started by a command of this one must not report for this agent.
    "shell.env": ignoreErrors((_, { env }) => {
      env.MOSAIC_REPORTER = "";
    }),
    dispose: ignoreErrors(() => own.forEach((session) => agent.forget(session))),
  };
};

export default { id: "mosaic-fleet-reporter", server };
