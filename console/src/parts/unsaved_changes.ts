import { useEffect } from "preact/hooks";

const questions = new Set<string>();

/** Asks whether unsaved changes may be lost; true without any. */
export function mayLeave(): boolean {
  return [...questions].every((question) => window.confirm(question));
}

/** Asks before a person leaves the page, by a link, the back button or the browser, and loses what is not saved. */
export function useUnsavedChanges(areUnsaved: boolean, question: string): void {
  useEffect(() => {
    if (!areUnsaved) return undefined;
    const address = location.href;
    let isLeaving = false;
    const stay = (event: Event) => {
      isLeaving ||= location.href !== address && window.confirm(question);
      if (isLeaving || location.href === address) return;
      // The address has changed already. The router must not hear of it.
      event.stopImmediatePropagation();
      history.pushState(null, "", address);
    };
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    // Links cause the one, the back button causes the other first.
    questions.add(question);
    window.addEventListener("hashchange", stay, { capture: true });
    window.addEventListener("popstate", stay, { capture: true });
    window.addEventListener("beforeunload", warn);
    return () => {
      questions.delete(question);
      window.removeEventListener("hashchange", stay, { capture: true });
      window.removeEventListener("popstate", stay, { capture: true });
      window.removeEventListener("beforeunload", warn);
    };
  }, [areUnsaved, question]);
}
