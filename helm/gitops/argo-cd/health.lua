-- Health of a DistillationJob. Argo CD opens no library for strings or mathematics here, and none is needed.

-- The condition of a type, if its status is True.
local function holding(conditions, type)
  for _, condition in ipairs(conditions) do
    if condition.type == type and condition.status == "True" then
      return condition
    end
  end
  return nil
end

local status = obj.status or {}
local conditions = status.conditions or {}

-- A new job has -1 here, an edited one the generation before: what else the status says is not about this manifest.
if status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "The operator has not yet looked at this version of the job." }
end

-- The order counts: the first condition that holds decides.
local healths = {
  { type = "Stalled", status = "Degraded" },
  { type = "Failed", status = "Degraded" },
  { type = "Complete", status = "Healthy" },
  { type = "Suspended", status = "Suspended" },
  { type = "Reconciling", status = "Progressing" },
}
for _, health in ipairs(healths) do
  local condition = holding(conditions, health.type)
  if condition ~= nil then
    return { status = health.status, message = condition.message }
  end
end

return { status = "Progressing", message = "The operator has not yet said how the job stands." }
