-- Looks at the registry and the store now.
local os = require("os")
if obj.metadata.annotations == nil then obj.metadata.annotations = {} end
obj.metadata.annotations["modelapp.dev/reconcile-requested-at"] = os.date("!%Y-%m-%dT%XZ")
return obj
