-- Which actions make sense now.
local release = (obj.status or {}).release or {}
local annotations = obj.metadata.annotations or {}
local earlier, failed, held, position = false, false, false, 0
for _, entry in ipairs((obj.status or {}).history or {}) do
  if release.current ~= nil and entry.id == release.current.id then
    position = (entry.cause == "Rollback" or entry.cause == "Undo") and 1 or 2
  elseif position == 1 then
    position = 2
  elseif position == 2 and entry.result == "Converged" then
    earlier = true
  end
  if entry.result == "RolledBack" or entry.result == "Failed" then failed = true end
end
for _, condition in ipairs((obj.status or {}).conditions or {}) do
  if condition.type == "UpdateAvailable" and condition.reason == "WaitingForResume" then held = true end
end
local waits = release.target ~= nil and release.target.phase == "Waiting"
return {
  ["reconcile"] = { disabled = false },
  ["release-now"] = { disabled = not waits },
  ["resume"] = { disabled = not (held or annotations["modelapp.dev/rollback"] ~= nil) },
  ["rollback"] = { disabled = not earlier },
  ["unquarantine"] = { disabled = not failed },
}
