// Sends bodies of twice each route's limit with node's fetch. Standard input has the routes: METHOD PATH LIMIT a line.
import { readFileSync } from "node:fs";

const { API, KEY } = process.env;
const headers = { Authorization: `Bearer ${KEY}` };

for (const line of readFileSync(0, "utf8").trim().split("\n")) {
    const [method, path, limit] = line.split(" ");
    const answer = await fetch(API + path, { method, headers, body: new Uint8Array(2 * Number(limit)) });
    const json = await answer.json();
    if (answer.status !== 413 || json.code !== "body_too_large") throw new Error(`${line}: ${answer.status} ${JSON.stringify(json)}`);
}
