-- Lets the release that waits start outside the windows.
if obj.metadata.annotations == nil then obj.metadata.annotations = {} end
obj.metadata.annotations["modelapp.dev/release-now"] = obj.status.release.target.id
return obj
