"""Runs the Python handlers of a checkout of WPT: just enough of what they ask of wptserve, on the standard library.

    python3 handlers.py <folder of the checkout>

Prints the port of 127.0.0.1 that it listens on. One request a connection; serve.mjs passes them on as they came.
"""

import base64
import email.parser
import email.utils
import http.server
import importlib.util
import io
import json
import os
import re
import socketserver
import sys
import threading
import types
import urllib.parse

ROOT = os.path.realpath(sys.argv[1])


def as_bytes(value):
    if isinstance(value, bytes):
        return value
    return str(value).encode("latin-1", "replace") if not isinstance(value, str) else value.encode("utf-8")


def latin(value):
    return value if isinstance(value, str) else value.decode("latin-1")


def from_latin(value):
    return value if isinstance(value, bytes) else value.encode("latin-1")


class Values(dict):
    """Values by their names in bytes, each a list; what is asked for by one name is its first value."""

    def __getitem__(self, name):
        return dict.__getitem__(self, self.key(name))[0]

    def __contains__(self, name):
        return dict.__contains__(self, self.key(name))

    def key(self, name):
        return as_bytes(name)

    def add(self, name, value):
        self.setdefault(self.key(name), []).append(value)

    def first(self, name, *default):
        if name in self or not default:
            return self[name]
        return default[0]

    def get(self, name, default=None):
        return self[name] if name in self else default


class RequestHeaders(Values):
    def key(self, name):
        return as_bytes(name).lower()

    def __getitem__(self, name):
        return b", ".join(dict.__getitem__(self, self.key(name)))


class Stash:
    """What handlers keep between requests, by key and folder. It is taken once."""

    def __init__(self):
        self.values = {}

    def key(self, key, path, request):
        return (latin(key), path or request.path)

    def of(self, request):
        stash = types.SimpleNamespace()
        stash.put = lambda key, value, path=None: self.values.__setitem__(self.key(key, path, request), value)
        stash.take = lambda key, path=None: key and self.values.pop(self.key(key, path, request), None)
        stash.lock = threading.RLock()
        return stash


class ResponseHeaders:
    def __init__(self):
        self.fields = []

    def __contains__(self, name):
        return any(has.lower() == as_bytes(name).lower() for has, _ in self.fields)

    def append(self, name, value):
        self.fields.append((as_bytes(name), as_bytes(value)))

    def set(self, name, value):
        name = as_bytes(name)
        self.fields = [field for field in self.fields if field[0].lower() != name.lower()]
        self.append(name, value)

    __setitem__ = set

    def update(self, fields):
        for name, value in fields:
            self.set(name, value)


class Writer:
    def __init__(self, out):
        self.out = out

    def write(self, data):
        """Tells whether there is still somebody to read it."""
        try:
            self.out.write(as_bytes(data))
            self.out.flush()
            return True
        except OSError:
            return False

    write_content = write_data = write

    def write_status(self, code, text=None):
        self.write(b"HTTP/1.1 %d %s\r\n" % (int(code), as_bytes(text if text is not None else REASONS.get(code, ""))))

    def write_header(self, name, value):
        self.write(b"%s: %s\r\n" % (as_bytes(name), as_bytes(value)))

    def end_headers(self):
        self.write(b"\r\n")


REASONS = {code: texts[0] for code, texts in http.server.BaseHTTPRequestHandler.responses.items()}


class Response:
    def __init__(self, out):
        self.headers = ResponseHeaders()
        self.status = 200
        self.content = ""
        self.writer = Writer(out)
        self.close_connection = False
        self.add_required_headers = True
        self.begun = False

    def __setattr__(self, name, value):
        object.__setattr__(self, "status" if name == "status_code" else name, value)

    def set_error(self, code, message=""):
        self.status = (code, message)
        self.content = json.dumps({"error": {"code": code, "message": message}})

    def set_cookie(self, name, value, path="/", domain=None, expires=None, max_age=None, secure=False, httponly=False):
        text = latin(name) + "=" + latin(value) + "; Path=" + path
        if expires is not None:
            import datetime

            when = datetime.datetime.now(datetime.timezone.utc) + expires
            text += when.strftime("; expires=%a, %d %b %Y %H:%M:%S GMT")
        self.headers.append("Set-Cookie", text + ("; Secure" if secure else "") + ("; HttpOnly" if httponly else ""))

    def write_status_headers(self):
        self.begun = True
        status = self.status if isinstance(self.status, tuple) else (self.status, None)
        self.writer.write_status(*status)
        own = {"Server": "handlers", "Date": email.utils.formatdate(usegmt=True), "Connection": "close"}
        for name, value in self.headers.fields + [field for field in own.items() if field[0] not in self.headers]:
            self.writer.write_header(name, value)
        self.writer.end_headers()


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        line = self.rfile.readline()
        if not line:
            return
        method, target, _ = line.decode("latin-1").split(" ", 2)
        raw, headers = [], RequestHeaders()
        while (line := self.rfile.readline().rstrip(b"\r\n")) != b"":
            name, value = line.split(b":", 1)
            # How it is spelled is what some tests are about.
            raw.append((name.decode("latin-1"), value.strip().decode("latin-1")))
            headers.add(name, value.strip())
        url = urllib.parse.urlsplit("http://" + latin(headers.get("host", b"localhost")) + target)
        request = types.SimpleNamespace(
            method=method,
            headers=headers,
            raw_headers=RawHeaders(raw),
            body=self.rfile.read(int(headers.get("content-length", 0))),
            url=url.geturl(),
            request_path=target,
            url_parts=url,
            path=url.path,
            GET=values_of(url.query),
            cookies=cookies_of(headers),
            auth=auth_of(headers),
            doc_root=ROOT,
        )
        request.POST = fields_of(headers.get("content-type", b""), request.body)
        request.server = types.SimpleNamespace(stash=STASH.of(request))
        request.client_address = self.client_address
        response = Response(self.wfile)
        try:
            self.answer(module_of(url.path).main(request, response), request, response)
        except OSError:
            pass  # nobody waits for it any more
        except Exception as error:
            print(url.path, type(error).__name__, error, file=sys.stderr)
            if not response.begun:
                response.status = 500
                response.headers.set("Content-Length", 0)
                response.write_status_headers()

    def answer(self, result, request, response):
        """What a handler returns: a body, (headers, body), or (status, headers, body)."""
        if response.begun or not response.add_required_headers:
            return
        if isinstance(result, tuple):
            if len(result) == 3:
                response.status = result[0]
            for field in result[-2]:
                response.headers.append(*field)
            result = result[-1]
        elif isinstance(result, list):
            # A mistake in two of the handlers: (name, value), body where a list of fields was meant.
            result = b""
        content = as_bytes(result if result is not None else response.content or b"")
        if self.written:
            return
        status = response.status[0] if isinstance(response.status, tuple) else response.status
        if status not in (204, 304) and "Content-Length" not in response.headers:
            response.headers.set("Content-Length", len(content))
        response.write_status_headers()
        if request.method != "HEAD" and status not in (204, 304):
            response.writer.write(content)

    @property
    def written(self):
        return self.wfile.count > 0

    def setup(self):
        super().setup()
        self.wfile = Counting(self.wfile)


class Counting:
    def __init__(self, out):
        self.out, self.count = out, 0

    def write(self, data):
        self.count += len(data)
        return self.out.write(data)

    def __getattr__(self, name):
        return getattr(self.out, name)


class RawHeaders:
    def __init__(self, fields):
        self.fields = fields

    def raw_items(self):
        return self.fields

    def __str__(self):
        return "".join("%s: %s\n" % field for field in self.fields)


def values_of(query):
    values = Values()
    for name, value in urllib.parse.parse_qsl(query, keep_blank_values=True, encoding="latin-1"):
        values.add(from_latin(name), from_latin(value))
    return values


def fields_of(kind, body):
    """The fields of a form; a file is an object with what cgi.FieldStorage would say of it."""
    if b"urlencoded" in kind:
        return values_of(latin(body))
    values = Values()
    if kind.lower().startswith(b"multipart/form-data"):
        message = email.parser.BytesParser().parsebytes(b"Content-Type: " + kind + b"\r\n\r\n" + body)
        for part in message.get_payload() if message.is_multipart() else []:
            name, file = (part.get_param(it, header="content-disposition") for it in ("name", "filename"))
            content = part.get_payload(decode=True)
            if file is not None:
                kind = {"Content-Type": part["content-type"]}
                content = types.SimpleNamespace(filename=file, headers=kind, file=io.BytesIO(content), value=content)
            values.add(from_latin(name), content)
    return values


def cookies_of(headers):
    cookies = Values()
    for pair in headers.get("cookie", b"").split(b";"):
        name, _, value = pair.strip().partition(b"=")
        if name:
            cookies.add(name, types.SimpleNamespace(value=value))
    return cookies


def auth_of(headers):
    found = re.match(rb"basic (\S+)", headers.get("authorization", b""), re.I)
    name, _, password = base64.b64decode(found[1]).partition(b":") if found else (None, None, None)
    return types.SimpleNamespace(username=name, password=password)


def load(name, path):
    spec = importlib.util.spec_from_file_location(name or "handler", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MODULES = {}


def module_of(path):
    if path not in MODULES:
        file = os.path.realpath(os.path.join(ROOT, path.lstrip("/")))
        if not file.startswith(ROOT + os.sep):
            raise ValueError("outside the checkout")
        MODULES[path] = load("handler", file)
    return MODULES[path]


def json_handler(main):
    def answer(request, response):
        response.headers.set("Content-Type", "application/json")
        value = main(request, response)
        return json.dumps(value, default=latin)

    return answer


def stand_in(name, **members):
    module = types.ModuleType(name)
    vars(module).update(members)
    sys.modules[name] = module


stand_in("wptserve")
stand_in("wptserve.utils", isomorphic_decode=latin, isomorphic_encode=from_latin)
stand_in("wptserve.handlers", json_handler=json_handler)
stand_in("tools")
stand_in("tools.wpt")
stand_in("tools.wpt.utils", load_source=load)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128


STASH = Stash()
with Server(("127.0.0.1", 0), Handler) as server:
    # Ends with its parent.
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    print(server.server_address[1], flush=True)
    server.serve_forever()
