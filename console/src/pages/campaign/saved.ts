/** What the parts below the editor need: the campaign as it is saved, and a way to save it before they use it. */
export interface Saved {
  id: string;
  /** Whether the editor has changes that are not saved. */
  isDirty: boolean;
  /** Saves what is not saved yet, and returns the campaign's id. Throws what keeps it from being saved. */
  save: () => Promise<string>;
  /** Whether an error came from saving, so the editor shows it already. */
  isOwnError: (error: unknown) => boolean;
}

/** The draft cannot be saved: something is missing, and the editor shows what. */
export class IncompleteDraft extends Error {}
