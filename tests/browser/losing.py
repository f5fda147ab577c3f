"""A way to the service that loses answers."""

from playwright.sync_api import Page, Route

# What the edge says in words of its own when it gave up waiting.
GATEWAY_TIMEOUT = "<html><body><h1>504 Gateway Time-out</h1></body></html>"


def lose_one_answer(page: Page, said_instead: str = "") -> None:
    """The service gets the next write and does it, but no answer arrives, or this page of the edge in its place."""
    lost = list[str]()

    def pass_on(route: Route) -> None:
        if lost or route.request.method == "GET":
            return route.fallback()
        lost.append(route.request.url)
        route.fetch()
        return route.fulfill(status=504, content_type="text/html", body=said_instead) if said_instead else route.abort()

    page.route("**/picus/**", pass_on)
