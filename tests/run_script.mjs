// Runs one function of a spreadsheet's script in Node, with the services of the local server, as the page does.
// run_script.mjs BASE_URL KEY FUNCTION [JSON arguments]: prints {"value": …} or {"error": …}.
import { MessageChannel, Worker, receiveMessageOnPort } from "node:worker_threads";
import { execute } from "../sheets_sync/local/static/script_services.js";

const [base, key, name, args = "[]"] = process.argv.slice(2);
const flag = new Int32Array(new SharedArrayBuffer(4));
const { port1, port2 } = new MessageChannel();
const asking = `
  const { workerData } = require("node:worker_threads");
  const { flag, port, base, key } = workerData;
  port.on("message", async ({ name, details }) => {
    let answer;
    try {
      const headers = { Authorization: "Bearer " + key };
      answer = await (await fetch(base + "/apps-script/" + name, { method: "POST", headers, body: details })).json();
    } catch (error) {
      answer = { error: String(error) };
    }
    port.postMessage(answer);
    Atomics.store(flag, 0, 1);
    Atomics.notify(flag, 0);
  });`;
const worker = new Worker(asking, { eval: true, workerData: { flag, port: port2, base, key }, transferList: [port2] });

/** What the local server answers: waited for, since everything in Apps Script is synchronous. */
function call(service, details) {
  Atomics.store(flag, 0, 0);
  port1.postMessage({ name: service, details: JSON.stringify(details) });
  Atomics.wait(flag, 0, 0);
  const { message } = receiveMessageOnPort(port1);
  if ("error" in message) throw new Error(message.error);
  return message.value;
}

let told;
try {
  told = { value: execute(call, call("files", {}), name, JSON.parse(args)) };
} catch (error) {
  told = { error: error.message };
}
console.log(JSON.stringify(told));
await worker.terminate();
port1.close();
