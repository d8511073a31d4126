/** Errors of the API as the pages show them (docs/api.md, "Errors"). */
import { texts } from "../texts";

export interface PlaceError {
  /** A JSON Pointer into the body, or the name of a parameter. */
  pointer: string;
  message: string;
}

export class ApiError extends Error {
  constructor(
    /** 0 when there was no answer. */
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly places: PlaceError[] = [],
    readonly requestId: string = "",
    /** The whole body, for members that only some errors have. */
    readonly problem: Record<string, unknown> = {},
  ) {
    super(detail);
  }

  /** Whether the same request may succeed later. */
  get isTemporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  /** What is wrong at a place of the body, such as `/name`. */
  at(pointer: string): string | undefined {
    return this.places.find((place) => place.pointer === pointer)?.message;
  }
}

export function fromProblem(status: number, problem: unknown): ApiError {
  const members = (typeof problem === "object" && problem !== null ? problem : {}) as Record<string, unknown>;
  const text = (name: string) => (typeof members[name] === "string" ? members[name] : "");
  const places = Array.isArray(members.errors) ? (members.errors as PlaceError[]) : [];
  return new ApiError(status, text("code"), text("detail") || texts.errors.status(status), places, text("instance"), members);
}

export function fromNoAnswer(): ApiError {
  return new ApiError(0, "no_answer", texts.errors.noAnswer);
}
