/**
 * The client of the public API, typed by its OpenAPI description.
 *
 * Pages call `read(api.GET("/outreach/campaigns", …))`. The key is sent as a header and never appears in a URL.
 */
import createClient, { defaultPathSerializer } from "openapi-fetch";
import { ApiError, fromNoAnswer, fromProblem } from "./errors";
import type { components, paths } from "./schema";
import { apiKey, refuseKey } from "./session";
import { texts } from "../texts";

export type Schemas = components["schemas"];

/** The API has the same base path as this page. */
const BASE_URL = new URL(location.pathname.replace(/\/console\/?$/, ""), location.origin).href.replace(/\/$/, "");
const POLL_MILLISECONDS = 1_000;

export const api = createClient<paths>({ baseUrl: BASE_URL, fetch: fetchWithKey, pathSerializer: writePath });

/** Writes an id into a path. An id comes from the address, and as a segment `.` or `..` it would lead to another path. */
function writePath(path: string, parameters: Record<string, unknown>): string {
  if (Object.values(parameters).some((id) => id === "." || id === "..")) throw new ApiError(404, "not_found", texts.errors.notFound);
  return defaultPathSerializer(path, parameters);
}

/** Returns the body of an answer. Throws an `ApiError` for every other outcome. */
export async function read<T>(answer: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await answer;
  if (!response.ok) throw fromProblem(response.status, error);
  return data as T;
}

/** Sends a form. The typed client knows JSON bodies only. */
export async function postForm<T>(path: keyof paths, form: FormData, headers: Record<string, string>): Promise<T> {
  const response = await fetchWithKey(new Request(BASE_URL + path, { method: "POST", body: form, headers }));
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) throw fromProblem(response.status, body);
  return body as T;
}

async function fetchWithKey(request: Request): Promise<Response> {
  const response = await send(request);
  const result = deferredResult(response);
  return result ? await poll(result, request.signal) : response;
}

async function send(request: Request): Promise<Response> {
  // The page that signs in tries a key before the session has it.
  if (!request.headers.has("Authorization")) request.headers.set("Authorization", `Bearer ${apiKey() ?? ""}`);
  let response: Response;
  try {
    response = await fetch(request);
  } catch (error) {
    throw request.signal.aborted ? error : fromNoAnswer();
  }
  // A late answer to the key of an earlier session says nothing about this one.
  if (response.status === 401 && request.headers.get("Authorization") === `Bearer ${apiKey()}`) refuseKey();
  return response;
}

/** The URL of a list, a preview or an export that is not ready yet. An import shows its own progress instead. */
function deferredResult(response: Response): string | null {
  const location = response.status === 202 ? response.headers.get("Location") : null;
  return location && /\/(listResults|contactExportRecords)\//.test(location) ? location : null;
}

/** Waits until a deferred result is ready: its URL then redirects to the result. */
async function poll(location: string, signal: AbortSignal): Promise<Response> {
  // `Location` is a path below the base path of the API.
  const url = BASE_URL + location;
  for (;;) {
    const response = await send(new Request(url, { signal }));
    if (response.redirected || !response.ok) return response;
    const { status } = (await response.clone().json()) as { status?: string };
    if (status === "failed") throw new ApiError(500, "failed", texts.errors.deferredFailed);
    await new Promise((wake) => setTimeout(wake, POLL_MILLISECONDS));
  }
}
