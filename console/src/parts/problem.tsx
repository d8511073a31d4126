import { ApiError } from "../api/errors";
import { withoutControls } from "../directions";
import { ContactsInText } from "./contacts_in_text";
import { texts } from "../texts";

/** What went wrong, with every place that the API names. `places` are shown beside their inputs already. */
export function Problem({ error, places = [], retry }: { error: unknown; places?: string[]; retry?: () => void }) {
  if (!error) return null;
  const apiError = error instanceof ApiError ? error : null;
  const others = apiError?.places.filter((place) => !places.includes(place.pointer)) ?? [];
  return (
    <div class="problem" role="alert">
      <strong>{texts.errors.title}</strong>
      {others.length > 0 ? (
        <ul>{others.map((place) => <li key={place.pointer}>{withoutControls(placeText(place.pointer, place.message))}</li>)}</ul>
      ) : (
        <p><ContactsInText text={messageOf(error)} /></p>
      )}
      {apiError?.requestId && <small>{texts.errors.request(apiError.requestId)}</small>}
      {retry && <button type="button" class="secondary" onClick={retry}>{texts.errors.retry}</button>}
    </div>
  );
}

/** Beside inputs that show every place already, a person needs to hear no more. */
function messageOf(error: unknown): string {
  if (!(error instanceof ApiError)) return String(error);
  return error.places.length > 0 ? texts.errors.marked : error.message;
}

function placeText(pointer: string, message: string): string {
  return pointer ? `${pointer.replace(/^\//, "")}: ${message}` : message;
}
