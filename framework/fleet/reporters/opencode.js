
// ---- opencode: a plugin, loaded by its configuration.

/** opencode retries without end. From this attempt on, after about a minute, the agent counts as blocked. */
const HOPELESS_ATTEMPT = 5;
/** The agent also counts as blocked if the next attempt is later than this. */
const HOPELESS_DELAY_MS = 120_000;
/** The largest number of sessions that are remembered. */
const MOST = 1000;

/** Returns the state of all sessions of this process. Each of its directories loads the plugin. */
function newAgent(report) {
  const busy = new Set();
  const stuck = new Map();
  const errors = new Map();
  const children = new Set();
  const asks = new Map();
  let model = "";
  let prompt = "";

  const state = () => {
    // A question of a subagent also stops the agent that waits for it.
    const [ask] = [...asks.values()].slice(-1);
    if (ask) return { state: "waiting", reason: ask.reason };
    const [hopeless] = stuck.values();
    if (hopeless) return hopeless;
    if (busy.size) return { state: "working" };
    // An agent handles the errors of its subagents itself.
    return [...errors].findLast(([session]) => !children.has(session))?.[1] ?? { state: "idle" };
  };
  return {
    children,
    show() {
      const now = state();
      report(words(now.state, { reason: now.reason, model, prompt }));
    },
    prompted(its, text) {
      model = its || model;
      prompt = text || prompt;
    },
    isChild(session) {
      if (children.size < MOST) children.add(session);
    },
    begins(session) {
      if (busy.size < MOST) busy.add(session);
    },
    triesAgain(session, what) {
      busy.add(session);
      if (what) stuck.set(session, what);
    },
    /** An answer arrives. */
    progresses(session) {
      return stuck.delete(session);
    },
    /** A person continues, not necessarily in the session that failed. */
    asked() {
      errors.clear();
    },
    failed(session, what) {
      errors.delete(session);
      if (what && errors.size < MOST) errors.set(session, what);
    },
    /** The questions of the session cannot be answered anymore. */
    ends(session) {
      busy.delete(session);
      stuck.delete(session);
      for (const [id, ask] of asks) if (ask.session === session) asks.delete(id);
    },
    forget(session) {
      this.ends(session);
      errors.delete(session);
      children.delete(session);
    },
    asks(id, session, reason) {
      if (asks.size < MOST) asks.set(id, { session, reason });
    },
    isAnswered(id) {
      asks.delete(id);
    },
  };
}

/** Returns the state during a retry; null if the agent still works. */
function retryVerdict({ attempt, message, action, next }) {
  if (action) return { state: "waiting", reason: `usage limit: ${oneLine(action.message || message, 150)}` };
  const isHopeless = attempt >= HOPELESS_ATTEMPT || next - Date.now() > HOPELESS_DELAY_MS;
  return isHopeless ? verdict(0, message) : null;
}

/** Returns the state after an error; null if a person interrupted the session. */
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
      if (it.info?.parentID) agent.isChild(it.info.id);
      return;
    case "session.status": {
      const { type, ...retry } = it.status;
      own.add(it.sessionID);
      if (type === "idle") agent.ends(it.sessionID);
      else if (type === "retry") agent.triesAgain(it.sessionID, retryVerdict(retry));
      else agent.begins(it.sessionID);
      break;
    }
    case "session.error":
      if (it.sessionID) agent.failed(it.sessionID, errorVerdict(it.error));
      break;
    // There are thousands of these events.
    case "message.part.delta":
      if (!agent.progresses(it.sessionID)) return;
      break;
    case "message.part.updated":
      if (it.part?.type !== "tool" || !agent.progresses(it.part.sessionID)) return;
      break;
    case "permission.asked":
      agent.asks(it.id, it.sessionID, `permission: ${oneLine(it.permission, 60)}`);
      break;
    case "question.asked":
      agent.asks(it.id, it.sessionID, `question: ${oneLine(it.questions?.[0]?.question, 150)}`);
      break;
    case "permission.replied":
    case "question.replied":
    case "question.rejected":
      agent.isAnswered(it.requestID);
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
  const report = reporter();
  if (!report) return {};
  // Shared by all directories: one that was just opened is idle, while another one may be working.
  const agent = (globalThis[Symbol.for("mosaic.fleet.agent")] ??= newAgent(report));
  const own = new Set();
  agent.show();
  return {
    config: ignoreErrors((config) => {
      agent.prompted(config.model, "");
      agent.show();
    }),
    event: ignoreErrors(({ event }) => handle(agent, own, event)),
    "chat.message": ignoreErrors(({ sessionID, model }, { message, parts }) => {
      if (agent.children.has(sessionID)) return;
      const { providerID, modelID } = model ?? message.model;
      agent.prompted(`${providerID}/${modelID}`, parts.find((part) => part.type === "text" && !part.synthetic)?.text);
      agent.asked();
      agent.show();
    }),
    // An opencode that a command of this one starts is not the agent.
    "shell.env": ignoreErrors((_, { env }) => {
      env.MOSAIC_REPORTER = "";
    }),
    dispose: ignoreErrors(() => own.forEach((session) => agent.forget(session))),
  };
};

export default { id: "mosaic-fleet-reporter", server };
