"""What the steps call: it counts, in the order in which calls come, which step of which execution has come how often."""

import threading
from collections import Counter, defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Sink:
    def __init__(self):
        self.lock = threading.Lock()
        self.calls = Counter()  # by execution and step
        self.furthest = defaultdict(lambda: -1)  # the last step of each execution that came
        self.backward = []  # calls behind a later step of the same execution
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                sink.note(self.headers["Idempotency-Key"].split(":")[0], int(self.path[1:]))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 1024

            def handle_error(self, *_):
                pass  # whoever called was killed

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def note(self, execution, step):
        with self.lock:
            self.calls[execution, step] += 1
            if step < self.furthest[execution]:
                self.backward.append((execution, step))
            self.furthest[execution] = max(step, self.furthest[execution])

    @property
    def total(self):
        with self.lock:
            return sum(self.calls.values())

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
