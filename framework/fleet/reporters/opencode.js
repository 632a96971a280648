
// ---- opencode: a plugin, by its configuration.

/** opencode tries again without end; from this attempt on, which is after about a minute, it cannot go on. */
const HOPELESS_ATTEMPT = 5;
/** And so it is when the next attempt is later than this. */
const HOPELESS_DELAY_MS = 120_000;
/** Sessions that are remembered. */
const MOST = 1000;

/** What all sessions of this process do; its directories have a plugin each. */
function newAgent(tell) {
  const busy = new Set();
  const stuck = new Map();
  const errors = new Map();
  const children = new Set();
  const asks = new Map();
  let model = "";
  let prompt = "";

  const state = () => {
    // What stops a subagent stops who waits for it.
    const [ask] = [...asks.values()].slice(-1);
    if (ask) return { state: "waiting", reason: ask.reason };
    const [hopeless] = stuck.values();
    if (hopeless) return hopeless;
    if (busy.size) return { state: "working" };
    // A subagent's error is for its agent to deal with.
    return [...errors].findLast(([session]) => !children.has(session))?.[1] ?? { state: "idle" };
  };
  return {
    children,
    show() {
      const now = state();
      tell(words(now.state, { reason: now.reason, model, prompt }));
    },
    isTold(its, text) {
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
    /** An answer comes. */
    getsOn(session) {
      return stuck.delete(session);
    },
    /** Somebody goes on, and not necessarily where it failed. */
    asked() {
      errors.clear();
    },
    failed(session, what) {
      errors.delete(session);
      if (what && errors.size < MOST) errors.set(session, what);
    },
    /** Nobody can answer any more what was asked. */
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

/** What a retry that goes on means. */
function retryVerdict({ attempt, message, action, next }) {
  if (action) return { state: "waiting", reason: `usage limit: ${oneLine(action.message || message, 150)}` };
  const isHopeless = attempt >= HOPELESS_ATTEMPT || next - Date.now() > HOPELESS_DELAY_MS;
  return isHopeless ? verdict(0, message) : null;
}

/** What an error means; none, if somebody wanted it. */
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
    // These come by the thousand.
    case "message.part.delta":
      if (!agent.getsOn(it.sessionID)) return;
      break;
    case "message.part.updated":
      if (it.part?.type !== "tool" || !agent.getsOn(it.part.sessionID)) return;
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

const quietly =
  (act) =>
  async (...given) => {
    try {
      act(...given);
    } catch {}
  };

const server = async () => {
  const tell = teller();
  if (!tell) return {};
  // Shared: a directory that is opened is idle, and says nothing of another one, which works.
  const agent = (globalThis[Symbol.for("mosaic.fleet.agent")] ??= newAgent(tell));
  const own = new Set();
  agent.show();
  return {
    config: quietly((config) => {
      agent.isTold(config.model, "");
      agent.show();
    }),
    event: quietly(({ event }) => handle(agent, own, event)),
    "chat.message": quietly(({ sessionID, model }, { message, parts }) => {
      if (agent.children.has(sessionID)) return;
      const { providerID, modelID } = model ?? message.model;
      agent.isTold(`${providerID}/${modelID}`, parts.find((part) => part.type === "text" && !part.synthetic)?.text);
      agent.asked();
      agent.show();
    }),
    // An opencode that a command of this one starts is somebody else.
    "shell.env": quietly((_, { env }) => {
      env.MOSAIC_REPORTER = "";
    }),
    dispose: quietly(() => own.forEach((session) => agent.forget(session))),
  };
};

export default { id: "mosaic-fleet-reporter", server };
