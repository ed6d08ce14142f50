"""What an application of OpenAI's Agents SDK does, with nothing but another client. Prints what came as JSON."""

import asyncio
import json
import sys

from agents import (
    Agent,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI
from pydantic import BaseModel


class City(BaseModel):
    """A city."""

    name: str


@function_tool
def weather(city: str) -> str:
    """The weather in a city."""
    return f"fine in {city}"


async def used(model):
    plain = Agent(name="plain", instructions="Be brief.", model=model)
    armed = Agent(
        name="armed",
        instructions="Be brief.",
        model=model,
        tools=[weather],
        model_settings=ModelSettings(temperature=0),
    )
    typed = Agent(name="typed", model=model, output_type=City)
    streamed = Runner.run_streamed(armed, "Weather?")
    kinds = [event.type async for event in streamed.stream_events()]
    first = await Runner.run(plain, "Capital?")
    second = await Runner.run(plain, [*first.to_input_list(), {"role": "user", "content": "Capital?"}])
    try:
        abstained = (await Runner.run(plain, "unknowable")).final_output
    except Exception as error:  # noqa: BLE001 - the SDK has its own error for a refusal, whose name is what is told
        abstained = f"{type(error).__name__}: {error}"
    return {
        "text": first.final_output,
        "second": second.final_output,
        "tokens": first.context_wrapper.usage.total_tokens,
        "tool": (await Runner.run(armed, "Weather?")).final_output,
        "streamed": streamed.final_output,
        "events": sorted(set(kinds)),
        "typed": (await Runner.run(typed, "City?")).final_output.name,
        "abstained": abstained,
    }


async def main(url, key):
    set_tracing_disabled(True)
    client = AsyncOpenAI(base_url=url, api_key=key, max_retries=0)
    name = "foureyes/trivia"
    print(
        json.dumps(
            {
                "chat": await used(OpenAIChatCompletionsModel(model=name, openai_client=client)),
                "responses": await used(OpenAIResponsesModel(model=name, openai_client=client)),
            }
        )
    )


asyncio.run(main(*sys.argv[1:3]))
