-- Ends the hold of a rollback or of kubectl rollout undo.
local os = require("os")
if obj.metadata.annotations == nil then obj.metadata.annotations = {} end
obj.metadata.annotations["modelapp.dev/rollback"] = nil
obj.metadata.annotations["modelapp.dev/resume"] = obj.status.release.current.id .. "." .. os.date("!%Y-%m-%dT%XZ")
return obj
