/**
 * The Roadmap menu of a workbook. A click becomes one row of Requests; where the webhook is on, the same request is
 * posted to it as well, so that it starts at once. `roadmap menu install` fills in the two constants below.
 *
 * WEBHOOK_URL stands here and in the manifest, never in a cell: whoever could change it would collect identity tokens.
 */
const SCRIPT_VERSION = 'not installed';
const WEBHOOK_URL = '';

const LOCK_WAIT_MS = 10000;
const DOUBLE_CLICK_MS = 5000;
const FINISHED = ['done', 'failed', 'cancelled'];
const NO_RUNS = ['cancel', 'hello'];
const DATES = ['requested_at', 'valid_until'];
const REQUESTS = ['request_id', 'action', 'arguments', 'requested_by', 'requested_at', 'status', 'message'];

/** Other names of columns, and the ids of tabs, by which a renamed one is found: as sheets_sync/tabs.py declares them. */
const ALIASES = {
  initiative_key: ['initiative', 'key'],
  title: ['name'],
  is_candidate: ['candidate'],
  engineering_tokens: ['tokens'],
  scenario_name: ['scenario'],
  period_key: ['period'],
  constraint_set_name: ['constraint_set', 'set'],
  key: ['setting'],
};
const SHEET_IDS = {
  Requests: 1011379317,
  Setup: 1007345071,
  Scenarios: 1007535189,
  Constraints: 1002840857,
  Targets: 1002573407,
  Initiatives: 1008444851,
  Portfolio: 1001594347,
};

/** A sentence for the person who clicked. */
class Refusal extends Error {}

function onOpen() {
  SpreadsheetApp.getUi()
    .createMenu('Roadmap')
    .addItem('Check sheet', 'checkSheet')
    .addItem('Run optimization…', 'runOptimization')
    .addItem('Why this row?', 'whyThisRow')
    .addItem('Publish…', 'publishRoadmap')
    .addSeparator()
    .addItem('Cancel run', 'cancelRun')
    .addItem('Status', 'showStatus')
    .addItem('Help', 'showHelp')
    .addToUi();
}

// ---- the entries of the menu. An id is made before the question: however it is answered, it is one request.

function checkSheet() {
  telling_(() => send_(Utilities.getUuid(), 'check', {}, showSidebar_));
}

function runOptimization() {
  telling_(() => {
    const id = Utilities.getUuid();
    const ui = SpreadsheetApp.getUi();
    if (ui.alert('Run optimization', outlook_(), ui.ButtonSet.OK_CANCEL) !== ui.Button.OK) return;
    send_(id, 'optimize', {}, showSidebar_);
  });
}

function publishRoadmap() {
  telling_(() => {
    const id = Utilities.getUuid();
    const ui = SpreadsheetApp.getUi();
    const text =
      'Makes the next version of the roadmap from the newest good plan and from what was typed into Roadmap Plan.\n\n' +
      'What is this version about?';
    const answer = ui.prompt('Publish', text, ui.ButtonSet.OK_CANCEL);
    if (answer.getSelectedButton() !== ui.Button.OK) return;
    send_(id, 'publish', { version_note: answer.getResponseText().trim() }, showSidebar_);
  });
}

function cancelRun() {
  telling_(() => {
    const id = Utilities.getUuid();
    const ui = SpreadsheetApp.getUi();
    const open = newest_(requests_().filter((row) => !NO_RUNS.includes(row.action) && !FINISHED.includes(row.status)));
    const what = open
      ? `Cancel “${open.action}”${open.requested_by ? `, asked for by ${open.requested_by}` : ''}?`
      : 'Nothing that was asked for here waits or runs. Cancel what the schedule runs, if anything?';
    if (ui.alert('Cancel run', what, ui.ButtonSet.YES_NO) !== ui.Button.YES) return;
    const shown = open ? open.request_id : id;
    send_(id, 'cancel', open ? { request_id: open.request_id } : {}, () => showSidebar_(shown));
  });
}

function whyThisRow() {
  telling_(() => say_('Why this row?', whyText_()));
}

function showStatus() {
  telling_(() => showSidebar_(''));
}

function showHelp() {
  const text = [
    'Check sheet: marks every problem beside its cell and lists them in Checks.',
    'Run optimization…: makes a new plan and writes it to Portfolio. Nothing is published by it.',
    'Why this row?: put the cursor into the row of an initiative or of a rule first.',
    'Publish…: makes the next version of the roadmap.',
    'Cancel run: ends what waits or runs.',
    'Status: shows the newest request and how it gets on.',
    '',
    'Each click is a row of the hidden tab Requests. If none is answered within a minute, the worker is not running.',
    `Version of this menu: ${SCRIPT_VERSION}`,
  ];
  say_('The Roadmap menu', text.join('\n'));
}

/** Shows a refusal to the person. Anything else is a bug, which Apps Script shows. */
function telling_(work) {
  const refused = refusalOf_(work);
  if (refused) say_('Roadmap', refused);
}

function refusalOf_(work) {
  try {
    work();
    return '';
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}

function say_(title, text) {
  const ui = SpreadsheetApp.getUi();
  ui.alert(title, text, ui.ButtonSet.OK);
}

/** Opens the sidebar on a request; with '' on the newest one. Its Cancel button has one id as long as it is open. */
function showSidebar_(requestId) {
  const page = HtmlService.createTemplateFromFile('sidebar');
  page.requestId = requestId;
  page.cancelId = Utilities.getUuid();
  SpreadsheetApp.getUi().showSidebar(page.evaluate().setTitle('Roadmap'));
}

// ---- what the sidebar calls

/** How a request gets on; with '' the newest one. null where there is none. */
function statusOf(requestId) {
  const rows = requests_();
  const row = requestId ? rows.find((one) => one.request_id === requestId) : newest_(rows.filter((one) => !NO_RUNS.includes(one.action)));
  if (!row) return null;
  const path = `/v1/requests/${encodeURIComponent(row.request_id)}?workbook=${encodeURIComponent(workbook_())}`;
  const told = fetched_('get', path) || {};
  return {
    requestId: row.request_id,
    action: row.action,
    requestedBy: row.requested_by,
    seconds: row.requested_at ? Math.max(0, Math.round((Date.now() - row.requested_at) / 1000)) : null,
    status: told.status || row.status,
    message: told.message || row.message,
    stage: told.stage || '',
    progress: told.progress || null,
  };
}

/** Asks for the end of a request: '' where that was written down, else a sentence. */
function cancelRequest(cancelId, requestId) {
  return refusalOf_(() => send_(cancelId, 'cancel', { request_id: requestId }, () => null));
}

// ---- one request

/** Writes the request down, shows it by its id, then tells the webhook: where that fails, the row is enough. */
function send_(id, action, details, show) {
  const given = { ...details, script_version: SCRIPT_VERSION };
  const who = Session.getEffectiveUser().getEmail();
  const now = new Date();
  const same = written_({ request_id: id, action, arguments: JSON.stringify(given), requested_by: who }, now);
  show(same || id);
  if (same) return;
  const body = { request_id: id, workbook: workbook_(), action, arguments: given, requested_at: now.toISOString() };
  fetched_('post', '/v1/requests', body);
}

/** Appends the row under the document's lock. The id of the request that it would only repeat; '' where it is new. */
function written_(request, now) {
  const lock = LockService.getDocumentLock();
  if (!lock.tryLock(LOCK_WAIT_MS)) {
    throw new Refusal('Another click is just being written down, so yours was not. Try again in a moment.');
  }
  try {
    const table = table_('Requests', REQUESTS);
    const same = table.rows.find((row) => isSame_(row, request, now));
    if (same) return same.request_id;
    writeRow_(table, request, now);
    SpreadsheetApp.flush(); // before the lock goes, or the next click would not see the row
    return '';
  } finally {
    lock.releaseLock();
  }
}

/** Whether a row is this very request, or this person's same wish that still waits or was made a moment ago. */
function isSame_(row, request, now) {
  if (row.request_id === request.request_id) return true;
  if (['action', 'arguments', 'requested_by'].some((name) => row[name] !== request[name])) return false;
  return row.status === '' || row.status === 'queued' || Math.abs(now - row.requested_at) < DOUBLE_CLICK_MS;
}

/** Texts are written as rich text, which never becomes a formula; what makes the row a request is written last. */
function writeRow_(table, request, now) {
  const { sheet, at } = table;
  const used = table.rows.filter((one) => REQUESTS.some((name) => one[name]));
  const row = used.length ? used[used.length - 1].number + 1 : 2;
  if (row > sheet.getMaxRows()) sheet.insertRowsAfter(sheet.getMaxRows(), 1);
  sheet.getRange(row, at.requested_at + 1).setValue(now);
  for (const name of ['requested_by', 'arguments', 'request_id', 'action']) {
    const text = SpreadsheetApp.newRichTextValue().setText(request[name]).build();
    if (request[name]) sheet.getRange(row, at[name] + 1).setRichTextValue(text);
  }
}

/** The webhook's answer; null where it is off, cannot be reached, or does not take or know the request. */
function fetched_(method, path, body) {
  if (!WEBHOOK_URL) return null;
  const options = {
    method,
    headers: { Authorization: `Bearer ${ScriptApp.getIdentityToken()}` },
    muteHttpExceptions: true,
    followRedirects: false, // the token is for this address alone
  };
  if (body) Object.assign(options, { contentType: 'application/json', payload: JSON.stringify(body) });
  try {
    const answer = UrlFetchApp.fetch(WEBHOOK_URL + path, options);
    return [200, 202].includes(answer.getResponseCode()) ? JSON.parse(answer.getContentText()) : null;
  } catch (error) {
    console.warn(`The webhook does not answer: ${error.message}`);
    return null;
  }
}

function workbook_() {
  return SpreadsheetApp.getActiveSpreadsheet().getId();
}

function requests_() {
  return table_('Requests', REQUESTS).rows.filter((row) => row.request_id && row.action);
}

/** The row asked for last; of equal ones, and of those without a time, the lowest. */
function newest_(rows) {
  return rows.reduce((best, row) => (best && Number(best.requested_at) > Number(row.requested_at) ? best : row), null);
}

// ---- what a run would be of

/** Candidates, left out, rules on: counted as the worker counts them, but it has the last word. */
function outlook_() {
  let counts = '';
  const refused = refusalOf_(() => (counts = counts_().join('\n')));
  return `${refused || counts}\n\nRun it? The plan goes to Portfolio; nothing is published.`;
}

function counts_() {
  const setup = {};
  for (const row of table_('Setup', ['key', 'value']).rows) setup[folded_(row.key)] = row.value;
  const name = setup.defaultscenario || '';
  const scenarios = table_('Scenarios', ['scenario_name', 'period_key'], ['periods']).rows;
  const scenario = scenarios.find((row) => name && named_(row.scenario_name) === named_(name));
  if (!scenario) throw new Refusal(`Setup's default_scenario is “${name}”, which does not stand in Scenarios.`);
  const isOn = (row) => isOn_(row, scenario.scenario_name, setup.defaultconstraintset || '');
  const scope = ['scenario_name', 'constraint_set_name', 'valid_until', 'is_active'];
  const on = (tab, what) => table_(tab, [what], scope).rows.filter((row) => row[what] && isOn(row)).length;
  const needed = ['initiative_key', 'title', 'is_candidate', 'engineering_tokens'];
  const more = ['remaining_tokens', 'lifecycle_status', 'candidate_period', 'sys: message'];
  const candidates = table_('Initiatives', needed, more).rows.filter((row) => isCandidate_(row, scenario));
  const left = candidates.filter((row) => !tokens_(row) || /left out/i.test(row['sys: message']));
  const names = left.slice(0, 3).map((row) => row.title || row.initiative_key);
  const others = left.length > 3 ? ` and ${left.length - 3} more` : '';
  return [
    `Scenario: ${scenario.scenario_name}`,
    `Candidates: ${candidates.length}`,
    `Left out: ${left.length}${left.length ? ` (${names.join(', ')}${others})` : ''}`,
    `Rules on: ${on('Constraints', 'constraint_type')}`,
    `Targets on: ${on('Targets', 'kpi_key')}`,
  ];
}

function isCandidate_(row, scenario) {
  if (row.is_candidate.toUpperCase() !== 'TRUE' || !row.initiative_key) return false;
  if (folded_(row.lifecycle_status) === 'delivered') return false;
  return !row.candidate_period || horizon_(scenario).includes(period_(row.candidate_period));
}

function tokens_(row) {
  return folded_(row.lifecycle_status) === 'inprogress' ? row.remaining_tokens : row.engineering_tokens;
}

function isOn_(row, scenario, set) {
  const holds = (list, name) => !list || list.split(/[,;|\n]/).some((one) => named_(one) === named_(name));
  if (row.is_active.toUpperCase() === 'FALSE') return false;
  if (row.valid_until && row.valid_until < new Date().setHours(0, 0, 0, 0)) return false;
  return holds(row.scenario_name, scenario) && holds(row.constraint_set_name, set);
}

/** The keys of a scenario's periods: 2026-Q4 and one more are 2026-Q4 and 2027-Q1. */
function horizon_(scenario) {
  const keys = [period_(scenario.period_key)];
  for (let count = Number(scenario.periods || 1); keys.length < count; ) {
    const [, year, kind, number] = /^(\d{4})-([QH]?)(\d+)$/.exec(keys[keys.length - 1]) || [];
    if (!year) break;
    const isLast = Number(number) === { Q: 4, H: 2, '': 12 }[kind];
    const next = String(isLast ? 1 : Number(number) + 1).padStart(kind ? 1 : 2, '0');
    keys.push(`${Number(year) + (isLast ? 1 : 0)}-${kind}${next}`);
  }
  return keys;
}

function period_(text) {
  const [, year, kind, number] = /^(\d{4})[-\s]?([QH]?)(\d{1,2})$/i.exec(text.trim()) || [];
  return year ? `${year}-${kind.toUpperCase()}${kind ? number : number.padStart(2, '0')}` : text.trim();
}

// ---- why

function whyText_() {
  const none = 'Put the cursor into the row of an initiative, or of a rule in Constraints, then ask again.';
  const range = SpreadsheetApp.getActiveSpreadsheet().getActiveRange();
  if (!range) return none;
  const facts = ['initiative_key', 'title', 'constraint_type', 'reads_as', 'rule_cost', 'reason', 'requested_by'];
  const row = read_(range.getSheet(), [], facts).rows.find((one) => one.number === range.getRow());
  if (!row) return none;
  if (row.constraint_type) return whyRule_(row);
  const key = keyNumber_(row.initiative_key);
  if (!key) return none;
  const more = ['title', 'gets_in_if', 'start_period', 'run'];
  const plan = table_('Portfolio', ['initiative_key', 'selected', 'why'], more).rows;
  const found = plan.find((one) => keyNumber_(one.initiative_key) === key);
  if (found) return whyInitiative_(found);
  const name = row.title || row.initiative_key;
  return `${name} is not in the last plan: it was no candidate, it was left out, or there is no plan yet.`;
}

function whyInitiative_(row) {
  const isIn = row.selected.toUpperCase() === 'TRUE';
  const start = isIn && row.start_period ? `, from ${row.start_period} on` : '';
  return lines_(
    `${row.title || row.initiative_key}: ${isIn ? 'in the plan' : 'not in the plan'}${start}`,
    `Why: ${row.why || 'not known'}`,
    row.gets_in_if && `Gets in if: ${row.gets_in_if}`,
    row.run && `By run ${row.run}`,
  );
}

function whyRule_(row) {
  return lines_(
    row.reads_as || 'This rule has not been read yet: use Check sheet.',
    `What it costs: ${row.rule_cost || 'not known; the next run says'}`,
    row.reason && `Reason: ${row.reason}`,
    row.requested_by && `Asked for by: ${row.requested_by}`,
  );
}

function lines_(...texts) {
  return texts.filter((text) => text).join('\n');
}

// ---- tabs, as rows by the names of their columns

/** A tab, found by its name or, renamed, by its id, as read_ gives it. Refuses where it is missing. */
function table_(name, needed, more) {
  const sheets = SpreadsheetApp.getActiveSpreadsheet().getSheets();
  const sheet =
    sheets.find((one) => one.getName() === name) ||
    sheets.find((one) => folded_(one.getName()) === folded_(name)) ||
    sheets.find((one) => one.getSheetId() === SHEET_IDS[name]);
  if (!sheet) throw new Refusal(`The tab “${name}” is missing. Ask for “roadmap init”, which makes it again.`);
  return read_(sheet, needed, more || []);
}

/**
 * {sheet, at: column's place, rows}. A row holds its number and its texts as shown ('' where there is no such column);
 * of DATES the Date, or null. Refuses where a needed column is missing, or any of them stands there twice.
 */
function read_(sheet, needed, more) {
  const range = sheet.getDataRange();
  const values = range.getValues();
  const shown = range.getDisplayValues();
  const header = shown[0].map(folded_);
  const at = {};
  for (const name of [...needed, ...more]) {
    const called = [name, ...(ALIASES[name] || [])].map(folded_).find((one) => header.includes(one));
    const place = header.indexOf(called);
    const where = `The tab “${sheet.getName()}” has`;
    if (place !== header.lastIndexOf(called)) {
      throw new Refusal(`${where} two columns “${name}”. Rename one of them.`);
    }
    if (place >= 0) at[name] = place;
    else if (needed.includes(name)) {
      throw new Refusal(`${where} no column “${name}”. Ask for “roadmap init”, which adds it.`);
    }
  }
  const cell = (name, row) => {
    const value = name in at ? values[row][at[name]] : '';
    if (DATES.includes(name)) return value instanceof Date ? value : null;
    return name in at ? shown[row][at[name]].trim() : '';
  };
  const rows = shown.slice(1).map((_, index) => ({
    number: index + 2,
    ...Object.fromEntries([...needed, ...more].map((name) => [name, cell(name, index + 1)])),
  }));
  return { sheet, at, rows };
}

/** The form in which names of tabs and columns match: case, spaces, - and _ do not matter. */
function folded_(text) {
  return String(text).normalize('NFKC').replace(/[\s_\-‐‑–]+/g, '').toLowerCase();
}

/** The form in which names of scenarios and sets match. */
function named_(text) {
  return String(text).normalize('NFKC').trim().toLowerCase();
}

/** 123 for "INIT-000123", "init-123" and "INIT-000123 · One-tap checkout"; 0 for what is no key. */
function keyNumber_(text) {
  const match = /^\s*init[-_ ]?0*(\d{1,12})\s*(?:[·|:–—][\s\S]*)?$/i.exec(text);
  return match ? Number(match[1]) : 0;
}
