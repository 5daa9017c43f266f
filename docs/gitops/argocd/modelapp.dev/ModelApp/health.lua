-- Health of a ModelApp, by its conditions (docs/reference/conditions.md). Lua 5.1 without libraries, as Argo CD runs it.
if obj.spec ~= nil and obj.spec.suspend then
  return { status = "Suspended", message = "spec.suspend is set" }
end
local status = obj.status
if status == nil or status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "The operator has not seen this generation yet" }
end
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end
local ready, busy, stalled = conditions.Ready, conditions.Reconciling, conditions.Stalled
if stalled ~= nil and stalled.status == "True" then
  return { status = "Degraded", message = stalled.message }
end
if busy ~= nil and busy.status == "True" then
  return { status = "Progressing", message = busy.message }
end
if ready == nil then
  return { status = "Progressing", message = "The operator has said nothing yet" }
end
if ready.status == "True" then
  return { status = "Healthy", message = ready.message }
end
-- An edit, or the first release, that a window or somebody's word holds back. That is no failure and may take days.
if status.release ~= nil and status.release.target ~= nil and status.release.target.phase == "Waiting" then
  return { status = "Suspended", message = ready.message }
end
return { status = "Degraded", message = ready.message }
