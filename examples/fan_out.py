"""A `map` over a list: ten pages at most four at a time, with retries, and one that stays broken.

The source of the pages is in this file. It fails as sources do: some pages answer at the second
attempt, one never does.
"""

from dataclasses import dataclass

from interlock import Context, Permanent, action, each, graph, run


@dataclass
class Page:
    url: str
    words: int


@action(effect="read")
def list_urls(site: str) -> list[str]:
    return [f"https://{site}/{number}" for number in range(10)]


@action(effect="read")
def fetch(url: str, ctx: Context) -> str:
    number = int(url.rpartition("/")[2])
    if number == 7:
        raise Permanent("410 Gone")  # another attempt cannot help
    if number % 3 == 0 and ctx.attempt_no == 1:
        raise TimeoutError("no answer")  # another attempt may
    return "word " * number


@action(effect="pure")
def measure(url: str, text: str) -> Page:
    return Page(url=url, words=len(text.split()))


@graph
def page(url: str) -> Page:
    text = fetch.using(retry={"attempts": 3, "delay": "1ms"})(url)
    return measure(url, text)


@graph
def crawl(site: str) -> object:
    urls = list_urls(site)
    pages = each(page, urls, limit=4, failures_max=1)
    return {"pages": pages.results, "failed": pages.failed}


result = run(crawl, site="example.org")
print(result.status)
for found in result.output["pages"]:
    print(found["url"], found["words"])
print("failed:", result.output["failed"])
