-- Tells the harness what wrk saw, as one line of JSON. With PACE_MILLISECONDS set, each connection waits that long on
-- average between requests, at random, so that latency is read at a fixed rate rather than at saturation. With COUNT_STATUSES
-- set, answers are counted by status, which costs wrk some speed. With BODY set, it is sent, as JSON by POST.
local pace = tonumber(os.getenv("PACE_MILLISECONDS") or "")
local threads = {}

if os.getenv("BODY") then
   wrk.method = "POST"
   wrk.body = os.getenv("BODY")
   wrk.headers["Content-Type"] = "application/json"
end

if pace then
   function delay()
      return math.random(0, 2 * pace)
   end
end

function setup(thread)
   table.insert(threads, thread)
end

if os.getenv("COUNT_STATUSES") then
   function init()
      statuses = {}
   end

   function response(status)
      statuses[status] = (statuses[status] or 0) + 1
   end
end

local function counted()
   local sums, parts = {}, {}
   for _, thread in ipairs(threads) do
      for status, count in pairs(thread:get("statuses") or {}) do
         sums[status] = (sums[status] or 0) + count
      end
   end
   for status, count in pairs(sums) do
      table.insert(parts, string.format('"%d":%d', status, count))
   end
   return "{" .. table.concat(parts, ",") .. "}"
end

function done(summary, latency, requests)
   local errors = summary.errors
   io.write(string.format(
      'RESULT {"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"refused":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d,"statuses":%s}\n',
      summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
      errors.status, errors.connect, errors.read, errors.write, errors.timeout, counted()))
end
