-- Tells the harness what wrk saw, as one line of JSON. With PACE_MILLISECONDS set, each connection waits that long on
-- average between requests, at random, so that latency is read at a fixed rate rather than at saturation.
local pace = tonumber(os.getenv("PACE_MILLISECONDS") or "")

if pace then
   function delay()
      return math.random(0, 2 * pace)
   end
end

function done(summary, latency, requests)
   local errors = summary.errors
   io.write(string.format(
      'RESULT {"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"refused":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d}\n',
      summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
      errors.status, errors.connect, errors.read, errors.write, errors.timeout))
end
