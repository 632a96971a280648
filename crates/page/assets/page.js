// Keeps the page up to date. Without the script, the page is complete but static.
'use strict';
(() => {
  // Milliseconds without an event after which the page counts as outdated, whatever the state of its connection.
  const MAX_SILENCE = 20_000;
  // Milliseconds before the next attempt to connect.
  const RETRY_DELAY = 5_000;

  const root = document.documentElement;
  const element = (id) => document.getElementById(id);
  root.classList.add('scripted');

  // Ages refer to the clock of the observed host.
  let offset = Date.now() - Number(root.dataset.now);
  let title = document.title;
  let lastEvent = Date.now();
  let observed = null;
  let source = null;

  function span(seconds) {
    const [minutes, hours, days] = [60, 3600, 86400].map((unit) => Math.floor(seconds / unit));
    const two = (number) => String(number).padStart(2, '0');
    if (seconds < 60) return `${seconds}s`;
    if (seconds < 3600) return `${minutes}m`;
    if (seconds < 86400) return `${hours}h${two(minutes % 60)}m`;
    return `${days}d${two(hours % 24)}h`;
  }

  function updateAges(within) {
    const now = Date.now() - offset;
    for (const time of within.getElementsByTagName('time')) {
      const text = span(Math.max(0, Math.floor((now - Date.parse(time.dateTime)) / 1000)));
      if (time.textContent !== text) time.textContent = text;
    }
  }

  // Makes a node equal to another one and changes only the differences: the focus, the selection, and the state of
  // open and hidden elements are preserved.
  function morph(old, fresh) {
    if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName || old.id !== fresh.id) {
      old.replaceWith(fresh);
      return;
    }
    if (old.nodeType === Node.TEXT_NODE) {
      if (old.data !== fresh.data) old.data = fresh.data;
      return;
    }
    const isPreserved = (name) => name === 'open' || name === 'hidden';
    for (const { name } of [...old.attributes]) {
      if (!isPreserved(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (!isPreserved(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    if (old.nodeName === 'TIME') return;
    const [before, after] = [[...old.childNodes], [...fresh.childNodes]];
    after.forEach((node, at) => (at < before.length ? morph(before[at], node) : old.append(node)));
    before.slice(after.length).forEach((node) => node.remove());
  }

  function replaceElement(id, html) {
    const template = document.createElement('template');
    template.innerHTML = html;
    const fresh = template.content.firstElementChild;
    const old = element(id);
    if (old) morph(old, fresh);
    else if (fresh.nodeName === 'TBODY') element('agents').append(fresh);
  }

  function arrange(order) {
    const table = element('agents');
    const wanted = new Set(order);
    for (const body of [...table.tBodies]) if (!wanted.has(body.id)) body.remove();
    const focused = document.activeElement;
    let next = table.tBodies[0] ?? null;
    for (const id of order) {
      const body = element(id);
      if (body === next) next = next.nextElementSibling;
      else if (body) table.insertBefore(body, next);
    }
    if (focused !== document.activeElement) focused.focus({ preventScroll: true });
  }

  function apply(message) {
    offset = Date.now() - message.now;
    for (const id of message.removed ?? []) element(id)?.remove();
    for (const [id, html] of Object.entries(message.fragments ?? {})) replaceElement(id, html);
    if (message.order) arrange(message.order);
    if (message.fragments || message.order) find();
    if (message.title) title = message.title;
    if (message.favicon) element('icon').href = `favicon.svg?state=${message.favicon}`;
    observed = new Date(message.observedAt);
    const time = document.createElement('time');
    time.dateTime = message.observedAt;
    element('observed').replaceChildren(time);
    if (message.announce) element('announce').textContent = message.announce.join('. ');
    updateAges(document);
  }

  function setLive() {
    if (!root.classList.contains('live')) {
      if (root.classList.contains('lost')) element('announce').textContent = `Live again. ${title}`;
      root.classList.add('live');
      root.classList.remove('lost');
      element('lost').hidden = true;
      element('link').textContent = 'live';
    }
    if (document.title !== title) document.title = title;
  }

  function setLost() {
    if (root.classList.contains('lost')) return;
    root.classList.add('lost');
    root.classList.remove('live');
    const when = observed ?? new Date(Number(root.dataset.now));
    element('lost').textContent = `Not live: this page shows the fleet as of ${when.toLocaleTimeString()}. Reconnecting …`;
    element('lost').hidden = false;
    element('link').textContent = 'not live';
    document.title = `? ${title}`;
  }

  function connect() {
    source?.close();
    lastEvent = Date.now();
    const mine = (source = new EventSource('events'));
    mine.addEventListener('fleet', (event) => {
      if (mine !== source) return;
      lastEvent = Date.now();
      apply(JSON.parse(event.data));
      setLive();
    });
    mine.addEventListener('error', () => {
      if (mine !== source) return;
      setLost();
      // The browser reconnects by itself, but not after a response that is not an event stream.
      if (mine.readyState === EventSource.CLOSED) setTimeout(() => mine === source && connect(), RETRY_DELAY);
    });
  }

  function find() {
    const words = element('find').value.toLowerCase().split(/\s+/).filter(Boolean);
    let [shown, all, group, any] = [0, 0, null, false];
    for (const body of element('agents').tBodies) {
      if (body.classList.contains('group')) {
        if (group) group.hidden = !any;
        [group, any] = [body, false];
        continue;
      }
      const [name, condition, activity] = body.rows[0].cells;
      const kind = name.querySelector('small')?.textContent ?? '';
      const does = [...activity.querySelectorAll('b, small')].map((part) => part.textContent).join(' ');
      const text = `${name.firstChild.data} ${kind} ${condition.textContent} ${does}`.toLowerCase();
      body.hidden = !words.every((word) => text.includes(word));
      any ||= !body.hidden;
      shown += body.hidden ? 0 : 1;
      all += 1;
    }
    if (group) group.hidden = !any;
    const summary = words.length ? `${shown} of ${all}` : '';
    if (element('found').textContent !== summary) element('found').textContent = summary;
  }

  async function copy(button) {
    const code = button.previousElementSibling;
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      // Without TLS, the clipboard is available on localhost only. A selection can be copied everywhere.
      getSelection().selectAllChildren(code);
      document.execCommand('copy');
    }
    button.textContent = 'copied';
    setTimeout(() => (button.textContent = 'copy'), 2000);
  }

  element('find').addEventListener('input', find);
  document.addEventListener('keydown', (event) => {
    const field = element('find');
    if (event.key === '/' && !event.ctrlKey && !event.metaKey && !event.altKey && document.activeElement !== field) {
      event.preventDefault();
      field.focus();
      field.select();
    } else if (event.key === 'Escape' && document.activeElement === field) {
      field.value = '';
      find();
    }
  });
  document.addEventListener('click', (event) => {
    if (event.target.closest?.('.command button')) copy(event.target);
  });
  document.addEventListener('mouseover', (event) => {
    if (event.target.nodeName === 'TIME') event.target.title = new Date(event.target.dateTime).toLocaleString();
  });
  document.addEventListener('visibilitychange', () => document.hidden || updateAges(document));
  addEventListener('pageshow', (event) => event.persisted && connect());
  setInterval(() => {
    if (!document.hidden) updateAges(document);
    if (Date.now() - lastEvent > MAX_SILENCE) {
      setLost();
      connect();
    }
  }, 1000);

  element('link').textContent = 'connecting';
  find();
  connect();
})();
