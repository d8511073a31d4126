import { useMutation } from "@tanstack/preact-query";
import { useState } from "preact/hooks";
import type { Schemas } from "../../api/client";
import { queryClient, refreshList, useCan } from "../../api/queries";
import { formatNumber } from "../../format";
import { announce } from "../../parts/announcer";
import { Confirm } from "../../parts/confirm";
import { texts } from "../../texts";
import { canUndo, undoImport } from "./import_record";
import type { ImportSummary } from "./import_record";

/** The way to take an import back, and what that has done. */
export function UndoImport({ record }: { record: ImportSummary }) {
  const [isAsking, setIsAsking] = useState(false);
  const canWrite = useCan()("contact:write");
  const undo = useMutation({
    mutationFn: () => undoImport(record.id),
    onSuccess: (result) => {
      announce(resultText(result));
      setIsAsking(false);
      refreshList("imports");
      refreshList("contacts");
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["import", record.id] }),
  });
  if (undo.data) return <span>{resultText(undo.data)}</span>;
  if (!canWrite || !canUndo(record)) return null;
  return (
    <>
      <button type="button" class="secondary outline" onClick={() => setIsAsking(true)}>{texts.imports.undo}</button>
      {isAsking && (
        <Confirm
          title={texts.imports.undoTitle}
          action={texts.imports.undoAction}
          // The undo goes on when the question is closed.
          dismiss={undo.isPending ? texts.common.close : texts.common.cancel}
          busy={undo.isPending}
          error={undo.error}
          onConfirm={() => undo.mutate()}
          onClose={() => setIsAsking(false)}
        >
          <p>{texts.imports.undoText(formatNumber(record.createdCount))}</p>
          {undo.isPending && <p role="status">{texts.imports.undoRunning}</p>}
        </Confirm>
      )}
    </>
  );
}

function resultText({ deleted, restored, kept }: Schemas["Undo"]): string {
  return texts.imports.undone(formatNumber(deleted), formatNumber(restored), formatNumber(kept));
}
