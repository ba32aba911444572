-- Logs in again and again, with the right password and a wrong one in turn: each time as somebody else and, with STORM_ADDRESSES set,
-- from another address. What wrk saw is told as load.lua tells it.
dofile(os.getenv("BENCH_LOAD"))

local accounts = tonumber(os.getenv("STORM_ACCOUNTS"))
local tenant, right = os.getenv("STORM_TENANT"), os.getenv("STORM_PASSWORD")
local spread = os.getenv("STORM_ADDRESSES")
local sent = 0

function request()
   sent = sent + 1
   local headers = { ["Content-Type"] = "application/json" }
   if spread then
      headers["X-Forwarded-For"] = string.format("10.%d.%d.%d", math.random(0, 255), math.random(0, 255), math.random(1, 254))
   end
   local password = sent % 2 == 0 and right or "not the right password"
   local body = string.format('{"login":"active%d","password":"%s","tenant":"%s"}', math.random(accounts), password, tenant)
   return wrk.format("POST", "/v1/login", headers, body)
end
