"""Lose responses on their way to a page."""

from playwright.sync_api import Page, Route

# The body of CloudFront's own error page.
GATEWAY_TIMEOUT = "<html><body><h1>504 Gateway Time-out</h1></body></html>"


def lose_one_response(page: Page, gateway_page: str = "") -> None:
    """Let the service carry out the next write, and abort its response or replace it by a 504 with this body."""
    lost = list[str]()

    def pass_on(route: Route) -> None:
        if lost or route.request.method == "GET":
            return route.fallback()
        lost.append(route.request.url)
        route.fetch()
        return route.fulfill(status=504, content_type="text/html", body=gateway_page) if gateway_page else route.abort()

    page.route("**/picus/**", pass_on)
