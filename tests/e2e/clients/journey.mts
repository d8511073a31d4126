// A journey with the types that openapi-typescript generates: upload contacts, send a campaign, read what came back.
// Usage: node journey.mjs <base URL> <API key> <channel account> <XLSX file of one contact of the company "TypeScript Ltd">

import assert from "node:assert";
import { readFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import createClient from "openapi-fetch";
import type { paths } from "./api.js";

const [baseUrl, key, channelAccountId, workbook] = process.argv.slice(2) as [string, string, string, string];
const { GET, POST } = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });

type Answer<T> = { data?: T; error?: unknown };

function ok<T>({ data, error }: Answer<T>): NonNullable<T> {
  assert(data !== undefined && data !== null, JSON.stringify(error));
  return data as NonNullable<T>;
}

async function until<T>(read: () => Promise<T>, isExpected: (value: T) => boolean): Promise<T> {
  for (let poll = 0; poll < 600; poll++) {
    const value = await read();
    if (isExpected(value)) return value;
    await setTimeout(200);
  }
  throw new Error("nothing changed for too long");
}

const template = ok(await GET("/contact/importTemplate", { params: { query: { format: "xlsx" } }, parseAs: "arrayBuffer" }));
assert.strictEqual(Buffer.from(template).subarray(0, 2).toString(), "PK"); // an XLSX file is a ZIP file

const file = new File([await readFile(workbook)], "contacts.xlsx");
const { id: importId } = ok(
  await POST("/contact/contacts:import", {
    params: { header: { "Idempotency-Key": crypto.randomUUID() } },
    body: { uploadFile: "" },
    bodySerializer: () => {
      const form = new FormData();
      form.set("uploadFile", file);
      return form;
    },
  }),
);
const imported = await until(
  async () => ok(await GET("/contact/contactImportRecords/{id}", { params: { path: { id: importId } } })),
  ({ status }) => status === "completed",
);
assert.deepStrictEqual([imported.createdCount, imported.failedCount], [1, 0]);

const campaign = ok(
  await POST("/outreach/campaigns", {
    body: {
      name: "Journey",
      channel: "sms",
      channelAccountId,
      message: "Hello",
      contactFilterConditions: [{ fieldName: "company", operator: "Is", value: "TypeScript Ltd", order: 1 }],
    },
  }),
);
const { id } = ok(await POST("/outreach/campaigns/{id}:send", { params: { path: { id: campaign.id } } }));
await until(
  async () => ok(await GET("/outreach/campaignRecords/{id}", { params: { path: { id } } })),
  ({ counts }) => counts?.delivered === 1,
);
const list = ok(await GET("/outreach/messages", { params: { query: { campaignRecordId: id } } }));
assert("messages" in list); // a list that takes long is answered by its status
assert.deepStrictEqual(list.messages.map(({ status }) => status), ["delivered"]);

const results = ok(await POST("/outreach/campaignRecords/{id}:export", { params: { path: { id } }, parseAs: "text" }));
assert.match(results, /delivered/);
const contacts = ok(await POST("/contact/contacts:export", { body: { timeZoneId: "UTC" }, parseAs: "text" }));
assert.match(contacts, /TypeScript Ltd/);
console.log("journey completed");
