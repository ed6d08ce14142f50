"""What an application of LangChain does, with nothing but another base URL. Prints what came as JSON."""

import asyncio
import json
import sys

from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langchain_openai.chat_models.base import OpenAIRefusalError
from pydantic import BaseModel


class City(BaseModel):
    """A city."""

    name: str


@tool
def weather(city: str) -> str:
    """The weather in a city."""
    return f"fine in {city}"


async def batch(model):
    return [one.content for one in await model.abatch(["Capital?", "Capital?"])]


def used(url, key, *, responses):
    model = ChatOpenAI(
        model="foureyes/trivia",
        base_url=url,
        api_key=key,
        use_responses_api=responses,
        temperature=0,
        stream_usage=True,
        max_retries=0,
    )
    whole = model.invoke("Capital?")
    pieces = list(model.stream("Capital?"))
    together = pieces[0]
    for piece in pieces[1:]:
        together += piece
    called = model.bind_tools([weather]).invoke("Weather?")
    after = model.bind_tools([weather]).invoke(
        [("user", "Weather?"), called, *(weather.invoke(call) for call in called.tool_calls)]
    )
    try:
        model.with_structured_output(City, method="json_schema").invoke("unknowable")
        refused = None
    except OpenAIRefusalError as error:
        refused = str(error)
    return {
        "text": whole.text,
        "tokens": whole.usage_metadata["total_tokens"],
        "streamed": together.text,
        "streamed_tokens": together.usage_metadata["total_tokens"],
        "calls": [[call["name"], call["args"]] for call in called.tool_calls],
        "after": after.text,
        "parsed": model.with_structured_output(City, method="json_schema").invoke("City?").name,
        "json": model.with_structured_output(City, method="json_mode").invoke("City as JSON?").name,
        "batch": asyncio.run(batch(model)) if not responses else [],
        "abstained": model.invoke("unknowable").text,
        "refused": refused,
    }


print(json.dumps({kind: used(*sys.argv[1:3], responses=kind == "responses") for kind in ("chat", "responses")}))
