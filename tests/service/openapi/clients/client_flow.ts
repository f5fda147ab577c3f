// Use the generated TypeScript client for every operation on items, with a token: client_flow.js URL TOKEN
import { deepStrictEqual as equal } from "node:assert/strict";
import createClient from "openapi-fetch";
import type { paths } from "./picus.js";

const baseUrl = process.argv[2]!;
const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${process.argv[3]}` } });

async function create(n: number): Promise<string> {
  const { data, error } = await client.POST("/picus/put", { body: { page: "typescript", n } });
  if (!data) throw new Error(error.error);
  return data.object_id;
}

// Returns the keys of all pages of two items.
async function listInPages(): Promise<string[]> {
  const keys: string[] = [];
  let cursor: string | null | undefined;
  do {
    const query = { limit: 2, filter: 'page = "typescript"', ...(cursor ? { cursor } : {}) };
    const { data, response } = await client.GET("/picus/list", { params: { query } });
    keys.push(...data!.map((item) => item.object_id));
    const link = response.headers.get("Link");
    cursor = link && new URL(link.slice(1, link.indexOf(">")), baseUrl).searchParams.get("cursor");
  } while (cursor);
  return keys;
}

// Returns the ETag of an item that must have these attributes.
async function getAndCompare(key: string, expected: object): Promise<string> {
  const { data, response } = await client.GET("/picus/get/{key}", { params: { path: { key } } });
  equal(data, { object_id: key, ...expected });
  return response.headers.get("ETag")!;
}

const keys = [await create(0), await create(1), await create(2), await create(3), await create(4)];
equal((await listInPages()).sort(), [...keys].sort());
const path = { key: "a/b c?ü" };
const replaced = await client.PUT("/picus/put/{key}", { params: { path }, body: { n: 1, deep: { a: [null] } } });
equal([replaced.response.status, replaced.data], [201, { object_id: path.key }]);
const first = await getAndCompare(path.key, { n: 1, deep: { a: [null] } });
const patched = await client.PATCH("/picus/put/{key}", {
  params: { path, header: { "If-Match": first } },
  body: { n: 2, deep: null },
});
equal(patched.data, { object_id: path.key, n: 2 });
const stale = await client.PUT("/picus/put/{key}", { params: { path, header: { "If-Match": first } }, body: {} });
equal([stale.response.status, stale.error?.code], [412, "precondition_failed"]);
const second = await getAndCompare(path.key, { n: 2 });
const again = await client.PUT("/picus/put/{key}", { params: { path, header: { "If-Match": second } }, body: { n: 3 } });
equal(again.response.status, 200);
for (const key of [...keys, path.key]) {
  const { data } = await client.DELETE("/picus/{key}", { params: { path: { key } } });
  equal(data, { message: `Item with key "${key}" deleted successfully` });
}
const absent = await client.GET("/picus/get/{key}", { params: { path } });
equal(absent.error, { error: `Item with key "${path.key}" not found` });
const anonymous = await createClient<paths>({ baseUrl }).GET("/picus/get/{key}", { params: { path } });
equal([anonymous.response.status, anonymous.error?.code], [401, "token_required"]);
