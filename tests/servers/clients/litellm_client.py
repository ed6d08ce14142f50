"""What an application of LiteLLM does, with nothing but another base URL. Prints what came as JSON."""

import json
import sys

import litellm

litellm.telemetry = False
URL, KEY = sys.argv[1:3]
ASKED = {"model": "openai/foureyes/trivia", "api_base": URL, "api_key": KEY, "num_retries": 0}
TOOL = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}
SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "City",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"name": {"type": "string"}},
            "required": ["name"],
            "additionalProperties": False,
        },
    },
}


def turn(text):
    return [{"role": "user", "content": text}]


whole = litellm.completion(**ASKED, messages=turn("Capital?"), n=2, seed=7, stop=["\n"])
pieces = list(
    litellm.completion(**ASKED, messages=turn("Capital?"), stream=True, stream_options={"include_usage": True})
)
called = litellm.completion(**ASKED, messages=turn("Weather?"), tools=[TOOL])
abstained = litellm.completion(**ASKED, messages=turn("unknowable"))
try:
    litellm.completion(**{**ASKED, "model": "openai/foureyes/none"}, messages=turn("?"))
    unknown = None
except litellm.NotFoundError as error:
    unknown = error.status_code

print(
    json.dumps(
        {
            "texts": [one.message.content for one in whole.choices],
            "tokens": whole.usage.total_tokens,
            "streamed": litellm.stream_chunk_builder(pieces).choices[0].message.content,
            "streamed_tokens": litellm.stream_chunk_builder(pieces).usage.total_tokens,
            "calls": [
                [one.function.name, json.loads(one.function.arguments)] for one in called.choices[0].message.tool_calls
            ],
            "schema": litellm.completion(**ASKED, messages=turn("City?"), response_format=SCHEMA)
            .choices[0]
            .message.content,
            "old": litellm.text_completion(
                model="text-completion-openai/foureyes/trivia", api_base=URL, api_key=KEY, prompt="Capital?"
            )
            .choices[0]
            .text,
            "responses": litellm.responses(**ASKED, input="Capital?").output[-1].content[0].text,
            "abstained": [abstained.choices[0].message.content, abstained.choices[0].finish_reason],
            "refusal": abstained.choices[0].message.refusal,
            "unknown": unknown,
        }
    )
)
