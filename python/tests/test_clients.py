"""Clients of other services, as published, against `diarist serve`."""

import asyncio
import base64
import json
import os
import re
import subprocess
import wave

import deepgram
import deepgram.environment
import httpx
import openai
import pytest
from deepgram.core.events import EventType
from deepgram.listen.v1.types import ListenV1Metadata, ListenV1Results
from openai.types.audio import TranscriptionDiarized

TOKEN = "a-token-for-clients-of-others"
MODEL = "gpt-4o-transcribe-diarize"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """The address of a service that wants a token."""
    folder = tmp_path_factory.mktemp("service")
    token = folder / "token"
    token.write_text(TOKEN)
    command = [os.environ["DIARIST_CLI"], "serve", "--listen", "127.0.0.1:0", "--token-file", token]
    with subprocess.Popen([*command, "--data", folder / "data"], stderr=subprocess.PIPE, text=True) as process:
        said = []
        for line in process.stderr:
            said.append(line)
            if found := re.search(r"listening on (http://\S+)", line):
                break
        else:
            pytest.fail(f"the service ended: {said}")
        yield found[1]
        process.terminate()
        assert process.wait(60) == 0


@pytest.fixture(scope="module")
def words(audio):
    """A word for each turn of the conversation's reference, and the end of the last, as JSON."""
    turns = [line.split() for line in (audio / "conversation.rttm").read_text().splitlines()]
    starts = sorted((float(turn[3]), float(turn[4])) for turn in turns)
    words = [{"word": f"word{i}", "start": start, "end": start + length} for i, (start, length) in enumerate(starts)]
    return json.dumps({"words": words})


@pytest.fixture(scope="module")
def pcm(conversation):
    """The first 15 s of the conversation as 16-bit samples."""
    import soundfile

    samples, _ = soundfile.read(conversation, dtype="int16", frames=15 * 16_000)
    return samples.astype("<i2").tobytes()


@pytest.fixture(scope="module")
def open_ai(service):
    with openai.OpenAI(base_url=f"{service}/v1", api_key=TOKEN, max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def environment(service):
    """The service as a place of Deepgram."""
    socket = service.replace("http", "ws")
    return deepgram.environment.DeepgramClientEnvironment(
        base=service, production=socket, agent=socket, agent_rest=service
    )


@pytest.fixture(scope="module")
def local_ai(service):
    """LocalAI has no library of its own: its documentation sends forms."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=f"{service}/v1", headers=headers, timeout=120) as client:
        yield client


class TestOpenAi:
    def test_words_get_speakers(self, open_ai, conversation, words):
        answer = open_ai.audio.transcriptions.create(
            file=conversation,
            model=MODEL,
            response_format="diarized_json",
            chunking_strategy="auto",
            extra_body={"words": words},
        )
        # The library builds its objects without checks; this one has every field in its type.
        checked = TranscriptionDiarized.model_validate(answer.to_dict())
        assert isinstance(answer, TranscriptionDiarized) and checked == answer
        assert answer.duration == pytest.approx(45, abs=0.1)
        assert {segment.speaker for segment in answer.segments} == {"A", "B", "C", "D"}
        assert answer.text == " ".join(segment.text for segment in answer.segments)
        assert len(answer.text.split()) == len(json.loads(words)["words"])

    def test_known_people_have_their_names(self, open_ai, audio):
        clip = base64.b64encode((audio / "single.flac").read_bytes()).decode()
        # The word is far from every turn.
        answer = open_ai.audio.transcriptions.create(
            file=audio / "single.flac",
            model=MODEL,
            response_format="diarized_json",
            known_speaker_names=["Ada"],
            known_speaker_references=[f"data:audio/flac;base64,{clip}"],
            extra_body={"words": json.dumps({"words": [{"word": "Hello", "start": 600, "end": 601}]})},
        )
        assert [(segment.speaker, segment.text) for segment in answer.segments] == [("Ada", "Hello")]

    def test_refusals_are_its_errors(self, open_ai, conversation, words):
        def transcribe(client=open_ai, file=conversation, **options):
            options = {"response_format": "diarized_json", "extra_body": {"words": words}} | options
            client.audio.transcriptions.create(file=file, model=MODEL, **options)

        with pytest.raises(openai.UnprocessableEntityError, match="no recogniser") as refused:
            transcribe(extra_body={})
        assert refused.value.code == "no_words"
        with pytest.raises(openai.BadRequestError, match="response_format") as refused:
            transcribe(response_format="srt")
        assert refused.value.code == "invalid"
        with pytest.raises(openai.APIStatusError, match="is a text file") as refused:
            transcribe(file=("talk.mp3", b"no sound at all"))
        assert (refused.value.status_code, refused.value.code) == (415, "not_audio")
        with pytest.raises(openai.BadRequestError, match="stream"):
            transcribe(stream=True)
        with pytest.raises(openai.AuthenticationError, match="token"):
            transcribe(open_ai.with_options(api_key="wrong"))
        with pytest.raises(openai.NotFoundError):
            open_ai.models.list()


class TestDeepgram:
    OPTIONS = {
        "model": "nova-3",
        "encoding": "linear16",
        "sample_rate": 16_000,
        "channels": 1,
        "diarize": True,
        "interim_results": True,
        "smart_format": True,
        "utterance_end_ms": 1000,
        "vad_events": True,
    }

    @staticmethod
    def check(messages):
        """Every message is whole, as the types of the library want it; the last one is the end."""
        for message in messages:
            assert type(message).model_validate(message.model_dump()) == message
        *results, end = messages
        assert isinstance(end, ListenV1Metadata) and end.duration == 15
        assert results and all(isinstance(result, ListenV1Results) for result in results)
        turns = [result.channel.alternatives[0].words[0] for result in results]
        assert all(turn.end > turn.start and turn.speaker is not None for turn in turns)
        assert {turn.speaker for turn in turns} >= {0, 1}
        assert {result.metadata.request_id for result in results} == {end.request_id}

    def test_a_stream_gives_turns(self, environment, pcm):
        client = deepgram.DeepgramClient(api_key=TOKEN, environment=environment)
        with client.listen.v1.connect(**self.OPTIONS) as socket:
            socket.send_keep_alive()
            for start in range(0, len(pcm), 8_000):
                socket.send_media(pcm[start : start + 8_000])
            socket.send_finalize()
            socket.send_close_stream()
            self.check(list(socket))

    def test_a_stream_of_a_whole_file_is_heard_by_events(self, environment, pcm, tmp_path):
        with wave.open(str(tmp_path / "talk.wav"), "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
            file.writeframes(pcm)

        async def listen():
            # A temporary token in place of a key.
            client = deepgram.AsyncDeepgramClient(access_token=TOKEN, environment=environment)
            messages, events = [], []
            async with client.listen.v1.connect(model="nova-3", diarize=True) as socket:
                for event in EventType:
                    socket.on(event, lambda _, event=event: events.append(event))
                socket.on(EventType.MESSAGE, messages.append)
                listening = asyncio.create_task(socket.start_listening())
                await socket.send_media((tmp_path / "talk.wav").read_bytes())
                await socket.send_close_stream()
                await listening
            assert events[0] == EventType.OPEN and events[-1] == EventType.CLOSE and EventType.ERROR not in events
            self.check(messages)

        asyncio.run(listen())

    def test_refusals_are_its_errors(self, environment):
        async def status(key=TOKEN, **options):
            client = deepgram.AsyncDeepgramClient(api_key=key, environment=environment)
            with pytest.raises(deepgram.core.ApiError) as refused:
                async with client.listen.v1.connect(**{**self.OPTIONS, **options}):
                    pass
            return refused.value.status_code

        assert asyncio.run(status("wrong")) == 401
        assert asyncio.run(status(encoding="opus")) == 400


class TestLocalAi:
    SEGMENT = {"id": int, "speaker": str, "label": str, "start": float, "end": float}
    SPEAKER = {"id": str, "label": str, "total_speech_duration": float, "segment_count": int}

    @pytest.fixture
    def diarize(self, local_ai):
        def send(recording, **fields):
            fields = {"model": "vibevoice-diarize", **fields}
            return local_ai.post("/audio/diarization", data=fields, files={"file": recording.open("rb")})

        return send

    def test_json(self, diarize, conversation):
        # All fields that are documented; 0 speakers means that the number is to be found.
        answer = diarize(
            conversation,
            num_speakers=0,
            min_speakers=1,
            max_speakers=8,
            clustering_threshold=0.5,
            min_duration_on=0.3,
            min_duration_off=0.5,
            language="en",
            include_text="true",
            response_format="json",
        )
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert (body["task"], body["num_speakers"]) == ("diarize", 4)
        assert body["duration"] == pytest.approx(45, abs=0.1)
        segments = body["segments"]
        assert [segment["id"] for segment in segments] == list(range(len(segments)))
        for segment in segments:
            assert {name: type(value) for name, value in segment.items()} == self.SEGMENT
            assert segment["speaker"] == f"SPEAKER_{int(segment['label']):02}"
            assert segment["end"] - segment["start"] >= 0.3

    def test_verbose_json(self, diarize, conversation, words):
        answer = diarize(
            conversation, num_speakers=4, language="en", include_text="true", response_format="verbose_json", words=words
        )
        body = answer.json()
        assert body["language"] == "en"
        segments = body["segments"]
        for segment in segments:
            assert {name: type(value) for name, value in segment.items()} == {**self.SEGMENT, "text": str}
        assert sum(len(segment["text"].split()) for segment in segments) == len(json.loads(words)["words"])
        assert len(body["speakers"]) == body["num_speakers"] == 4
        for speaker in body["speakers"]:
            assert {name: type(value) for name, value in speaker.items()} == self.SPEAKER
            own = [segment for segment in segments if segment["speaker"] == speaker["id"]]
            assert speaker["segment_count"] == len(own) and {segment["label"] for segment in own} == {speaker["label"]}
            length = sum(segment["end"] - segment["start"] for segment in own)
            assert speaker["total_speech_duration"] == pytest.approx(length, abs=0.01)

    def test_rttm_and_names(self, local_ai, diarize, audio):
        clip = audio / "single.flac"
        local_ai.post("/people", data={"name": "Ada Ba"}, files={"file": clip.open("rb")}).raise_for_status()
        body = diarize(clip, response_format="verbose_json").json()
        assert body["segments"][0]["name"] == body["speakers"][0]["name"] == "Ada Ba"
        assert 0.9 <= body["segments"][0]["name_score"] <= 1
        answer = diarize(clip, response_format="rttm")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        lines = [line.split() for line in answer.text.splitlines()]
        assert len(lines) == len(body["segments"])
        for line, segment in zip(lines, body["segments"]):
            kind, _, channel, start, length, *rest = line
            assert (kind, channel) == ("SPEAKER", "1")
            assert rest == ["<NA>", "<NA>", segment["speaker"], "<NA>", "<NA>"]
            assert float(start) == pytest.approx(segment["start"], abs=0.002)
            assert float(length) == pytest.approx(segment["end"] - segment["start"], abs=0.002)
