// Says something once, at the lower edge, and goes.
import { dismissNotice, notice } from '../store.ts'

export function NoticeLine() {
  const said = notice.value
  return (
    <div class="notice-place" role="status">
      {said !== null && (
        <p class="notice">
          <span>{said.text}</span>
          {said.action !== undefined && (
            <button
              type="button"
              class="quiet"
              onClick={() => {
                said.action?.run()
                dismissNotice()
              }}
            >
              {said.action.label}
            </button>
          )}
        </p>
      )}
    </div>
  )
}
